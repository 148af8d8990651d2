/** The alert rules and the dashboard: Prometheus takes them, they name metrics that there are, and each alert is explained. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const here = import.meta.dirname
const read = (...path: string[]) => readFileSync(join(here, ...path), 'utf8')
const withoutPromtool = (process.env.TEST_MISSING ?? '').split(' ').includes('prometheus')

/** docs/monitoring.md is held against the declarations in the code by a test of its own. */
const known = new Set(
  [...read('../../docs/monitoring.md').matchAll(/^\| `(restante_\w+)`/gm)].map(match => match[1]),
)
const named = (text: string) =>
  [...text.matchAll(/\brestante_\w+/g)].map(([name]) =>
    known.has(name) ? name : name.replace(/_(?:bucket|sum|count)$/, ''),
  )

const rules = read('alerts.yml')
const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(match => match[1]!)
type Dashboard = { panels: { title: string; targets: { expr: string }[]; gridPos: Record<string, number> }[] }
const dashboard = JSON.parse(read('dashboard.json')) as Dashboard
const queries = dashboard.panels.flatMap(panel => panel.targets.map(target => target.expr))

describe.skipIf(withoutPromtool)('promtool', () => {
  const promtool = (...words: string[]) =>
    execFileSync('promtool', words, { cwd: here, encoding: 'utf8', stdio: 'pipe' })

  test('takes the rules', () => {
    expect(promtool('check', 'rules', 'alerts.yml')).toContain(`SUCCESS: ${alerts.length} rules found`)
  })

  test('finds that they fire when they should', () => {
    expect(promtool('test', 'rules', 'alerts.test.yml')).toContain('SUCCESS')
  })

  test("takes the dashboard's queries", () => {
    const groups = [
      { name: 'dashboard', rules: queries.map((expr, at) => ({ record: `query:${at}`, expr })) },
    ]
    const folder = mkdtempSync(join(tmpdir(), 'restante-rules-'))
    const file = join(folder, 'rules.json')
    writeFileSync(file, JSON.stringify({ groups }))
    const checked = promtool('check', 'rules', file)
    rmSync(folder, { recursive: true })
    expect(checked).toContain(`SUCCESS: ${queries.length} rules found`)
  })
})

test('every metric that they name is one', () => {
  expect(known.size).toBeGreaterThan(30)
  for (const name of named(`${rules}\n${read('alerts.test.yml')}\n${queries.join('\n')}`))
    expect(known, name).toContain(name)
})

test('every alert says what it is, and docs/operations.md what to do', () => {
  const operations = read('../../docs/operations.md')
  expect(rules.match(/summary:/g)).toHaveLength(alerts.length)
  for (const name of alerts) expect(operations).toContain(`| \`${name}\` |`)
  for (const [, name] of operations.matchAll(/^\| `(Restante\w+)` \|/gm)) expect(alerts).toContain(name)
})

test('the panels of the dashboard stand beside each other, and not on top', () => {
  const taken = new Set<string>()
  for (const { title, gridPos } of dashboard.panels) {
    const { x = 0, y = 0, w = 0, h = 0 } = gridPos
    for (let column = x; column < x + w; column++) {
      for (let row = y; row < y + h; row++) {
        expect(taken, title).not.toContain(`${column} ${row}`)
        taken.add(`${column} ${row}`)
      }
    }
    expect(x + w).toBeLessThanOrEqual(24)
  }
})
