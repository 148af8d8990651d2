/** Aligned columns for the terminal: numbers to the right, the rest to the left, no line longer than it must be. */

export type Column<T> = {
  title: string
  value: (row: T) => string | number | null | undefined
  right?: boolean
}

/** Lines without the last newline; a title line first. Empty cells show as a dash. */
export function table<T>(rows: readonly T[], columns: readonly Column<T>[]): string {
  const cells = rows.map(row => columns.map(column => clean(column.value(row))))
  const widths = columns.map((column, at) =>
    Math.max(width(column.title), ...cells.map(line => width(line[at] ?? ''))),
  )
  const line = (texts: readonly string[]) =>
    texts
      .map((text, at) => {
        const space = ' '.repeat((widths[at] ?? 0) - width(text))
        return columns[at]?.right ? space + text : text + space
      })
      .join('  ')
      .trimEnd()
  return [line(columns.map(column => column.title)), ...cells.map(line)].join('\n')
}

/** Name and value pairs, one a line, the values under each other. */
export function pairs(list: readonly (readonly [string, string | number | null | undefined])[]): string {
  const longest = Math.max(...list.map(([name]) => name.length))
  return list.map(([name, value]) => `${name.padEnd(longest)}  ${clean(value)}`).join('\n')
}

/** At most `length` characters, the end cut with an ellipsis. */
export function short(text: string, length: number): string {
  const characters = [...text]
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`
}

/**
 * Text of strangers (subjects, replies) stands in these tables: control characters could move the cursor
 * or colour the terminal, so they are shown as a replacement.
 */
function clean(value: string | number | null | undefined): string {
  if (value === null || value === undefined || value === '') return '-'
  return String(value).replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\uFFFD')
}

/** Columns that a terminal uses: marks take none, East Asian wide ones and emoji two. */
function width(text: string): number {
  let columns = 0
  for (const character of text) {
    if (/\p{Mn}|\p{Me}/u.test(character)) continue
    columns +=
      /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|\p{Emoji_Presentation}/u.test(
        character,
      )
        ? 2
        : 1
  }
  return columns
}
