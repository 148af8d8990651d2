import { describe, expect, test } from 'vitest'
import { sanitizeHtml, textToHtml } from './sanitize.ts'
import { safeDeclarations, safeStyleSheet } from './style.ts'

const clean = (html: string, remote = false) => sanitizeHtml(html, { remote })

describe('what runs, asks or leaves', () => {
  test.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '<svg onload=alert(1)><script>1</script></svg>',
    '<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>',
    '<iframe srcdoc="<script>1</script>"></iframe>',
    '<form action="https://x"><input name=q><button>go</button></form>',
    '<a href="javascript:alert(1)">x</a>',
    '<a href=" java\nscript:alert(1)">x</a>',
    '<a href="data:text/html,<script>1</script>">x</a>',
    '<object data=x></object><embed src=x>',
    '<meta http-equiv=refresh content="0;url=https://x"><base href="https://x/"><link rel=stylesheet href=//x>',
    '<video src="https://x" autoplay></video><audio src=//x>',
    '<div style="background:url(https://x/a.png)">x</div>',
    '<style>@import "https://x/a.css"; body{background:url(//x)}</style>',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    '<template><img src=x onerror=alert(1)></template>',
    '<img src="data:image/svg+xml;base64,PHN2Zz4=">',
    '<img srcset="https://x/a.png 2x" src="cid:nothing">',
    '<table background="https://x/a.png"><td background="//x">',
    '<input autofocus onfocus=alert(1)>',
    '<p id="body" name="cookie">x</p>',
    '<select><option>1</select><textarea></textarea>',
    '<details ontoggle=alert(1) open>x</details>',
  ])('%s', html => {
    const result = clean(html).html
    expect(result).not.toMatch(
      /<(script|svg|math|iframe|form|input|button|object|embed|meta|base|link|video|audio)/i,
    )
    expect(result).not.toMatch(/\son\w+=|javascript:|srcdoc|srcset|@import|url\(|svg\+xml|https:\/\/x|\/\/x/i)
  })
})

test('remote pictures are counted and left out, until they are asked for', () => {
  const html = '<p>Hi<img src="http://t.example/1.gif"><img src="//t.example/2.gif"></p>'
  expect(clean(html)).toMatchObject({ html: '<p>Hi<img><img></p>', blocked: 2 })
  const shown = clean(html, true)
  expect(shown.blocked).toBe(0)
  expect(shown.html).toContain('src="https://t.example/1.gif"')
  expect(shown.html).toContain('src="https://t.example/2.gif"')
  expect(shown.html).toContain('referrerpolicy="no-referrer"')
})

test('pictures of the message itself are shown from its own data', () => {
  const inline = (cid: string) => (cid === 'a@b' ? 'data:image/png;base64,AAAA' : undefined)
  expect(sanitizeHtml('<img src="cid:a%40b" alt="x">', { remote: false, inline }).html).toContain(
    'src="data:image/png;base64,AAAA"',
  )
  expect(sanitizeHtml('<img src="cid:other">', { remote: false, inline }).html).toBe('<img>')
})

test('links open outside and tell nothing of us', () => {
  expect(clean('<a href="https://x.example/a?b=c&d">x</a>').html).toBe(
    '<a href="https://x.example/a?b=c&amp;d" target="_blank" rel="noopener noreferrer nofollow">x</a>',
  )
})

test('ordinary mail looks as it was meant', () => {
  const html =
    '<style>.a{color:#333}@media (max-width:600px){.a{width:100%!important}}</style><table width="600" cellpadding="0" bgcolor="#ffffff"><tbody><tr><td class="a" align="center" style="padding: 4px; font-family: &quot;Open Sans&quot;, Arial">Bon dia</td></tr></tbody></table>'
  const result = clean(html).html
  expect(result).toContain('.a { color: #333 }')
  expect(result).toContain('@media (max-width:600px)')
  expect(result).toContain('padding: 4px; font-family: "Open Sans", Arial'.replaceAll('"', '&quot;'))
  expect(result).toContain('cellpadding="0"')
})

test.each([
  ['color:red;position:fixed', 'color: red'],
  ['width:expression(alert(1))', ''],
  ['background:u\\72l(x)', ''],
  ['background:url(x)', ''],
  ['margin:-100px;margin-top:4px', 'margin-top: 4px'],
  ['margin:calc(0px - 9em);margin-left:min(-9px, 0px);margin-right:-.5em', ''],
  ['font-family:"Open Sans', ''],
  ['color:[', ''],
  ['color:red;;;}body{display:none', 'color: red'],
  ['/* ; */color:/*x*/blue', 'color:  blue'.replace('  ', ' ')],
  ['behavior:x;-moz-binding:y;color:#fff', 'color: #fff'],
])('the style %j becomes %j', (given, expected) => {
  expect(safeDeclarations(given).replace(/\s+/g, ' ')).toBe(expected)
})

test('a style sheet keeps plain rules only', () => {
  expect(
    safeStyleSheet(
      '@charset "x"; @font-face{src:url(x)} a[href^=x]{color:red} p, .b > i{color:red} </style>',
    ),
  ).toBe('p, .b > i { color: red }')
})

test('a style sheet says nothing before or after a link', () => {
  const ours =
    'a::after{display:none} a:after{color:red} a:hover{color:red} p:first-child{color:red} a:has(b){color:red}'
  expect(safeStyleSheet(ours)).toBe('a:hover { color: red }\np:first-child { color: red }')
})

test('a page of frames is no text, and no error', () => {
  const reading = { quoted: 'Quoted text' }
  expect(
    sanitizeHtml('<frameset><frame src="https://x.example"></frameset>', { remote: false, reading }),
  ).toEqual({
    html: '',
    blocked: 0,
  })
})

test('plain text keeps its lines, its quotes and its addresses', () => {
  const html = textToHtml('Hi <b>\n> quoted\n>> twice\nsee https://x.example/a_(b)?c=1. or a@b.example\n')
  expect(html).toContain('Hi &lt;b&gt;')
  expect(html.match(/<blockquote>/g)).toHaveLength(2)
  expect(html.match(/<\/blockquote>/g)).toHaveLength(2)
  expect(html).toContain('href="https://x.example/a_(b)?c=1"')
  expect(html).toContain('href="mailto:a@b.example"')
})
