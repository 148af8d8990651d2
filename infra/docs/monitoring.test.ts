import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { declaredMetrics, monitoringFile, monitoringPage } from './monitoring.ts'

test('docs/monitoring.md names every metric that the code declares (else: npm run docs)', () => {
  expect(readFileSync(monitoringFile, 'utf8')).toBe(monitoringPage())
})

test('a metric is declared once', () => {
  const names = declaredMetrics().map(metric => metric.name)
  expect(names.length).toBeGreaterThan(20)
  expect(new Set(names).size).toBe(names.length)
})
