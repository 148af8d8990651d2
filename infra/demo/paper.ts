/** A real one-page PDF with a few lines of text (PDF 1.4: catalogue, page, two fonts, one content stream). */

export type Line = { text: string; size?: number; bold?: boolean; gap?: number }

/** Text in the standard font's own encoding, with what has a meaning in a PDF string escaped. */
function literal(text: string): string {
  return text.replaceAll(/[\\()]/g, '\\$&')
}

/** @param lines from top to bottom; Latin-1 text */
export function paper(lines: readonly Line[]): Buffer {
  let y = 790
  const content = lines
    .map(({ text, size = 11, bold = false, gap = 6 }) => {
      y -= size + gap
      return `BT /${bold ? 'F2' : 'F1'} ${size} Tf 60 ${y} Td (${literal(text)}) Tj ET`
    })
    .join('\n')
  const font = (name: string) =>
    `<< /Type /Font /Subtype /Type1 /BaseFont /${name} /Encoding /WinAnsiEncoding >>`
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 6 0 R /Resources << /Font << /F1 4 0 R /F2 5 0 R >> >> >>',
    font('Helvetica'),
    font('Helvetica-Bold'),
    `<< /Length ${Buffer.byteLength(content, 'latin1')} >>\nstream\n${content}\nendstream`,
  ]
  let text = '%PDF-1.4\n'
  const offsets: number[] = []
  objects.forEach((object, index) => {
    offsets.push(Buffer.byteLength(text, 'latin1'))
    text += `${index + 1} 0 obj\n${object}\nendobj\n`
  })
  const start = Buffer.byteLength(text, 'latin1')
  const table = offsets.map(offset => `${String(offset).padStart(10, '0')} 00000 n \n`).join('')
  text += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}`
  text += `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`
  return Buffer.from(text, 'latin1')
}
