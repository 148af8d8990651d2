import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { settingsFile, settingsPage } from './settings.ts'

test('docs/settings.md says what the settings are (else: npm run docs)', () => {
  expect(readFileSync(settingsFile, 'utf8')).toBe(settingsPage())
})
