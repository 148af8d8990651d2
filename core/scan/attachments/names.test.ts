import { describe, expect, it } from 'vitest'
import { DANGEROUS_ENDINGS, HARMLESS_ENDINGS } from './endings.ts'
import { endingsOf, judgeName, shownName, shownPath } from './names.ts'

const none = new Set<string>()

describe('a file name', () => {
  it.each([
    ['report.pdf', []],
    ['report', []],
    ['', []],
    ['.htaccess', []],
    ['2026.11.22 report.docx', []],
    ['archive.tar.gz', []],
    ['setup.exe', ['dangerous-ending']],
    ['SETUP.EXE', ['dangerous-ending']],
    ['setup.exe.', ['dangerous-ending']],
    ['setup.exe . . ', ['dangerous-ending']],
    ['setup.exe::$DATA', ['dangerous-ending']],
    ['photo.jpg:evil.js', ['dangerous-ending']],
    ['..\\..\\start.lnk', ['dangerous-ending']],
    ['setup\uff0eexe', ['dangerous-ending']],
    ['setup.e\u200bxe', ['dangerous-ending']],
    ['setup.ｅｘｅ', ['dangerous-ending']],
    ['disk.iso', ['dangerous-ending']],
    ['notes.one', ['dangerous-ending']],
    ['page.hta', ['dangerous-ending']],
    ['invoice.pdf.exe', ['double-ending']],
    ['invoice.PDF .js', ['double-ending']],
    ['x.pdf                                    .scr', ['double-ending']],
    ['invoice                                  .scr', ['hidden-ending']],
    ['invoice_\u202efdp.exe', ['hidden-ending']],
    ['invoice_\u202eexe.pdf', ['hidden-ending']],
    ['setup.exe\0.pdf', ['hidden-ending']],
    ['v1.2.exe', ['dangerous-ending']],
  ])('%j gives %j', (name, reasons) => {
    expect(judgeName(name, name, none).map(one => one.reason)).toEqual(reasons)
  })

  it('of a type that only some domain does not want is told apart', () => {
    expect(judgeName('a.zip', 'a.zip', new Set(['zip']))).toEqual([
      { reason: 'blocked-ending', detail: 'a.zip', endings: ['zip'] },
    ])
  })

  it('has as many endings as programs see', () => {
    expect(endingsOf('a.exe\0.pdf').sort()).toEqual(['exe', 'pdf'])
    expect(endingsOf('folder.d/readme')).toEqual(['d/readme'.slice(0, 24), ''].filter(Boolean))
  })

  it('is shown without what would turn or hide it', () => {
    expect(shownName('a\u202ecod.exe')).toBe('a<U+202E>cod.exe')
    expect(shownName('a\r\nb\0')).toBe('a<U+000D><U+000A>b<U+0000>')
    expect(shownPath('x'.repeat(500), 'y'.repeat(500)).length).toBeLessThanOrEqual(200)
  })
})

it('no ending is both refused and taken for harmless', () => {
  expect([...HARMLESS_ENDINGS].filter(ending => DANGEROUS_ENDINGS.has(ending))).toEqual([])
})
