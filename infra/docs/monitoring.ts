/**
 * docs/monitoring.md, written from the places where metrics are declared (`counter`, `gauge`, `histogram` of
 * core/observe/metrics.ts). Run as a program it writes the file; a test holds the two against each other.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
export const monitoringFile = join(root, 'docs/monitoring.md')

type Metric = { name: string; type: string; help: string; labels: string[]; process: string }

/** One declaration: the kind, the name, the help, and what follows up to its end. */
const DECLARATION =
  /\b(counter|gauge|histogram)(?:<[^>]*>)?\(\s*'([a-z0-9_]+)',\s*(['"`])(.*?)\3\s*,?([^)]*)\)/gs

const PROCESSES: Record<string, string> = { relay: 'relay', worker: 'worker', webmail: 'webmail' }

/** Every metric that the code declares, by name. */
export function declaredMetrics(): Metric[] {
  const files = globSync('{core,relay,worker,webmail}/**/*.ts', {
    cwd: root,
    exclude: path => /node_modules|\.next|\.test\.ts$|observe\/metrics\.ts$/.test(path),
  })
  return files
    .flatMap(file => {
      const process =
        PROCESSES[file.split('/')[0]!] ?? (file.includes('ingest') ? 'worker' : 'whoever writes the spool')
      return [...readFileSync(join(root, file), 'utf8').matchAll(DECLARATION)].map(match => {
        const [, type, name, , help, rest] = match as unknown as [
          string,
          string,
          string,
          string,
          string,
          string,
        ]
        const labels = [...rest.matchAll(/'([a-z_]+)'/g)].map(label => label[1]!)
        return { name: `restante_${name}`, type, help, labels, process }
      })
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** The page as it should be. */
export function monitoringPage(): string {
  const lines = [
    '# Monitoring',
    '',
    '`GET /healthz` answers 200 with JSON while a part serves and 503 with the reason when it does not: the relay on',
    '`METRICS_PORT`, the worker on the next port, the webmail on `WEBMAIL_PORT`. `GET /metrics` on the first two is in',
    'Prometheus form; beside the metrics below it has those of Node itself (`restante_process_…`, `restante_nodejs_…`).',
    '',
    'What to watch first: `/healthz` of each part; `restante_backend_health`; the oldest waiting delivery',
    '(`restante queue --json`); free disk under the data folder.',
    '',
    '<!-- Generated from the declarations in the code by `npm run docs`: change it there. -->',
    '',
    '| metric | type | labels | from | what it means |',
    '| --- | --- | --- | --- | --- |',
    ...declaredMetrics().map(
      ({ name, type, labels, process, help }) =>
        `| \`${name}\` | ${type} | ${labels.map(label => `\`${label}\``).join(', ')} | ${process} | ${help.replaceAll('|', '\\|')} |`,
    ),
  ]
  return `${lines.join('\n')}\n`
}

if (import.meta.main) writeFileSync(monitoringFile, monitoringPage())
