/** Reads a CSV of people (RFC 4180, or with semicolons as spreadsheets write it) into lines and errors. */
import type { Locale, Role } from '@restante/core/db/schema/directory.ts'
import type { NewPerson } from '@restante/core/directory/people.ts'
import { parse } from 'csv-parse/sync'
import { Refusal } from './context.ts'

export type PersonLine = NewPerson & { line: number }
export type ImportError = { line: number; address?: string; code: string; message: string }

const COLUMNS = ['address', 'name', 'role', 'locale', 'aliases', 'password']

/**
 * Columns in any order; the first line names them. Aliases are separated by spaces, semicolons or commas.
 * @throws Refusal when the file as a whole can't be read
 */
export function parsePeople(text: string): { people: PersonLine[]; errors: ImportError[] } {
  const [header, ...records] = rows(text)
  if (!header) throw new Refusal('the file is empty: its first line must name the columns')
  const names = header.fields.map(name => name.trim().toLowerCase())
  const wrong = names.find((name, at) => !COLUMNS.includes(name) || names.indexOf(name) !== at)
  if (wrong !== undefined) {
    throw new Refusal(`column ${JSON.stringify(wrong)} is unknown or there twice: use ${COLUMNS.join(', ')}`)
  }
  if (!names.includes('address')) throw new Refusal('there is no column address')
  const people: PersonLine[] = []
  const errors: ImportError[] = []
  for (const { fields, line } of records) {
    if (fields.length !== names.length) {
      errors.push({
        line,
        code: 'bad-line',
        message: `has ${fields.length} fields, the first line has ${names.length}`,
      })
      continue
    }
    const field = (name: string) => fields[names.indexOf(name)]?.trim() || undefined
    people.push({
      line,
      address: field('address') ?? '',
      name: field('name'),
      role: field('role')?.toLowerCase() as Role | undefined,
      locale: field('locale')?.toLowerCase() as Locale | undefined,
      aliases: field('aliases')
        ?.split(/[\s;,]+/)
        .filter(Boolean),
      // A password keeps its spaces.
      password: fields[names.indexOf('password')] || undefined,
    })
  }
  return { people, errors }
}

type Line = { fields: string[]; line: number }

function rows(text: string): Line[] {
  const firstLine = text.slice(0, text.search(/\r?\n|$/))
  const delimiter = firstLine.includes(';') && !firstLine.includes(',') ? ';' : ','
  try {
    const parsed = parse(text, {
      bom: true,
      delimiter,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
    }) as unknown as { record: string[]; info: { lines: number } }[]
    return parsed.map(({ record, info }) => ({ fields: record, line: info.lines }))
  } catch (error) {
    throw new Refusal(`not a CSV file: ${(error as Error).message}`)
  }
}
