/**
 * Text that is one thing when it is read and another when what was read is written and read again: elements that
 * belong to other namespaces, raw text that ends elsewhere, tables and forms that the parser moves about.
 */
import type { Vector } from './vector.ts'

const HURT = '<img src=x onerror=RUN>'

/** Elements whose content a parser takes as text, some of them only with or without scripting. */
const raw =
  `style title textarea xmp noscript noembed noframes iframe script plaintext template select listing
  object`.split(/\s+/)

/** Where such an element stands. */
const around: [string, (inside: string) => string][] = [
  ['by itself', inside => inside],
  ['in SVG', inside => `<svg>${inside}</svg>`],
  ['in MathML text', inside => `<math><mtext>${inside}</mtext></math>`],
  ['in foreign HTML', inside => `<svg><foreignObject>${inside}</foreignObject></svg>`],
  ['in a table', inside => `<table>${inside}<tr><td>x</table>`],
]

/** The element ends in an attribute, if at all. */
const ended: Vector[] = raw.flatMap(tag =>
  around.map(([where, put]) => ({
    name: `${tag} ${where}, ended in an attribute`,
    make: ({ run }) => put(`<${tag}><p id="</${tag}>${HURT.replace('RUN', run)}">x</${tag}>`),
  })),
)

const namespaces: Vector[] = [
  `<math><mtext><table><mglyph><style><!--</style>${HURT}--></style></mglyph></table></mtext></math>`,
  `<math><mtext><table><mglyph><style><math>${HURT}</math></style></mglyph></table>`,
  `<math><mtext><mglyph><svg><mtext><textarea><path id="</textarea>${HURT}">`,
  `<form><math><mtext></form><form><mglyph><style></math>${HURT}</style></mglyph></form>`,
  `<form><math><mtext></form><form><mglyph><svg><mtext><style><path id="</style>${HURT}">`,
  `<svg></p><style><a id="</style>${HURT}">`,
  `<svg><p><style><g title="</style>${HURT}">`,
  `<svg><desc><style><a title="</style>${HURT}"></style></desc></svg>`,
  `<svg><title><style><a title="</style>${HURT}"></style></title></svg>`,
  `<svg><foreignObject><math><mi><style><!--</style>${HURT}--></style>`,
  `<svg><foreignObject><p></foreignObject><style><a id="</style>${HURT}">`,
  `<svg><annotation-xml><foreignObject><style><!--</style><p id="--&gt;${HURT}">`,
  `<math><annotation-xml encoding="text/html"><style><img title="</style>${HURT}"></style></annotation-xml></math>`,
  `<math><annotation-xml encoding="text/html"><p><style><!--</style>${HURT}-->`,
  `<math><annotation-xml><svg><style><img title="</style>${HURT}"></svg></annotation-xml></math>`,
  `<math><annotation-xml encoding="application/xhtml+xml"><script>RUN</script></annotation-xml></math>`,
  `<math><mi><table><mglyph><noscript><a title="</noscript>${HURT}">`,
  `<math><mo><svg><mtext><style>&lt;/style&gt;${HURT}</style></mtext></svg></mo></math>`,
  `<math><mn><malignmark><style></mn>${HURT}</style></malignmark></mn></math>`,
  `<math><ms><mglyph></ms><style><!--</style>${HURT}-->`,
  `<math><style><!--</style>${HURT}--></style></math>`,
  `<math><xmp><p id="</xmp>${HURT}"></xmp></math>`,
  `<math><br><style></math>${HURT}</style>`,
  `<math><font color=x><style></math>${HURT}</style>`,
  `<math><font><style></math>${HURT}</style>`,
  `<svg><br><style></svg>${HURT}</style>`,
  `<svg><font face=x><style></svg>${HURT}</style>`,
  `<svg><b><style></svg>${HURT}</style></b>`,
  `<svg><style>&lt;/style&gt;${HURT}</style></svg>`,
  `<svg><style>&lt;img src=x onerror=RUN&gt;</style></svg>`,
  `<svg><style><![CDATA[</style>${HURT}]]></style></svg>`,
  `<svg><![CDATA[><image href=x onerror=RUN />]]></svg>`,
  `<svg><![CDATA[</svg>${HURT}]]></svg>`,
  `<math><![CDATA[</math>${HURT}]]></math>`,
  `<math><mtext><![CDATA[</mtext>${HURT}]]></mtext></math>`,
  `<![CDATA[${HURT}]]>`,
  `<svg><a><p></a>${HURT}</p></svg>`,
  `<svg><table><style><a id="</style>${HURT}">`,
  `<table><svg><foreignObject><select><table><style><a id="</style>${HURT}">`,
  `<table><td><svg><td><style><a id="</style>${HURT}">`,
  `<svg><tr><td><style><a id="</style>${HURT}">`,
  `<select><svg><style><a id="</style>${HURT}"></select>`,
  `<select><math><mtext><option><style></select>${HURT}`,
  `<select><template><style><!--</style>${HURT}--></template></select>`,
  `<template><math><mtext><style></template>${HURT}`,
  `<template><svg></template><style><a id="</style>${HURT}">`,
  `<template><s><template><s>${HURT}</s></template></s></template>`,
  `<svg xmlns="http://www.w3.org/1999/xhtml"><script>RUN</script></svg>`,
  `<p xmlns="http://www.w3.org/2000/svg" onload=RUN>x</p>`,
  `<x xmlns="http://www.w3.org/1999/xhtml"><script>RUN</script></x>`,
  `<svg:svg onload=RUN xmlns:svg="http://www.w3.org/2000/svg"></svg:svg>`,
  `<svg><use href="data:image/svg+xml,<svg id=x xmlns='http://www.w3.org/2000/svg'><image href='x' onerror='RUN'/></svg>#x"/></svg>`,
  `<svg><handler xmlns:ev="http://www.w3.org/2001/xml-events" ev:event=load>RUN</handler></svg>`,
  `<svg><switch><foreignObject requiredExtensions="x">${HURT}</foreignObject></switch></svg>`,
  `<svg><metadata>${HURT}</metadata></svg>`,
  `<svg><defs><style>*{fill:url(https://OUT)}</style></defs></svg>`,
  `<math definitionURL="javascript:RUN"><semantics>x</semantics></math>`,
]

const raws: Vector[] = [
  `<noscript><p title="</noscript>${HURT}"></noscript>`,
  `<noscript><style></noscript>${HURT}</style>`,
  `<noscript><!--</noscript>${HURT}-->`,
  `<noscript><p id="<!--</noscript>-->${HURT}">`,
  `<noembed><style></noembed>${HURT}</style>`,
  `<iframe><p id="</iframe>${HURT}"></iframe>`,
  `<textarea><!--</textarea>${HURT}-->`,
  `<title><p title="</title>${HURT}">`,
  `<style><style/>${HURT}`,
  `<style></style ${HURT}`,
  `<style>*{}</style${HURT}>`,
  `<style><!--</style>${HURT}--></style>`,
  `<style>a{content:"</style>${HURT}"}</style>`,
  `<style>&lt;/style>${HURT}</style>`,
  `<style>\\3c/style\\3e${HURT}</style>`,
  `<xmp><p title="</xmp>${HURT}">`,
  `<plaintext><p id="</plaintext>${HURT}">`,
  `<script>var x="</script>${HURT}"</script>`,
  `<script><!--<script></script>${HURT}--></script>`,
  `<listing>&lt;img src=x onerror=RUN&gt;</listing>`,
  `<pre>\n\n&lt;img src=x onerror=RUN&gt;</pre>`,
  `<textarea>\n</textarea>${HURT}`,
]

const comments: Vector[] = [
  `<!-->${HURT}-->`,
  `<!--->${HURT}-->`,
  `<!--x--!>${HURT}-->`,
  `<!-- --!>${HURT}<!-- -->`,
  `<!-- -- >${HURT}-->`,
  `<!--\0-->${HURT}`,
  `<!--x-\0->${HURT}-->`,
  `<!---- >${HURT}-->`,
  `<!--<!-- -->${HURT}-->`,
  `<!-- ><!-->${HURT}`,
  `<!${HURT}>`,
  `<!x "${HURT}">`,
  `<!DOCTYPE x SYSTEM "${HURT}">`,
  `<?${HURT}?>`,
  `<?x ?>${HURT}`,
  `</ ${HURT}>`,
  `</${HURT}`,
  `</p ${HURT}>`,
  `<%${HURT}%>`,
  `<a<${HURT}`,
  `<p a="${HURT}`,
  `<p a='${HURT}"'>${HURT}`,
  `<p title="&quot;>${HURT}">`,
  `<p title='&#39;>${HURT}'>`,
  `<p title="&lt;/p&gt;${HURT}">x</p>`,
  '<p title=``onmouseover=RUN>x</p>',
  '<p title="``onmouseover=RUN x">x</p>',
  `<a href="https://example.org/#&quot;>${HURT}">x</a>`,
  `<a href='https://example.org/"onmouseover="RUN'>x</a>`,
  `<img alt="</style></title></textarea>${HURT}" src=x>`,
]

const moved: Vector[] = [
  `<table><p><style><!--</table>${HURT}-->`,
  `<table><a><table></a>${HURT}`,
  `<a><table><a href="javascript:RUN">x`,
  `<b><p><i></b>${HURT}</i></p>`,
  `<form><p></form><form>${HURT}`,
  `<form id=a><form id=b><input form=a>${HURT}`,
  `<table><form><tr></form>${HURT}`,
  `<table><colgroup>${HURT}</colgroup></table>`,
  `<table><caption><style></caption>${HURT}</style>`,
  `<table><tbody><style></tbody>${HURT}</style>`,
  `<select><b><option>${HURT}</b></select>`,
  `<button><button>${HURT}</button>`,
  `<p><svg></p>${HURT}</svg>`,
  `<dl><dt><dd></dt>${HURT}</dl>`,
  `<nobr><nobr><nobr>${HURT}`,
  `<ruby><rt><rp></rt>${HURT}</ruby>`,
  `<body><body onload=RUN><html onclick=RUN>`,
  `</body><frameset onload=RUN>`,
  `<head></head><img src=x onerror=RUN><body>`,
  `<frameset></frameset>${HURT}`,
  `<html><head><style></head>${HURT}</style>`,
  {
    name: 'four hundred elements deep, then SVG',
    make: ({ run }) => `${'<div>'.repeat(400)}<svg><style><a id="</style><img src=x onerror=${run}>">`,
  },
  {
    name: 'six hundred forms of text, then MathML',
    make: ({ run }) => `${'<b><p>'.repeat(600)}<math><mtext><style></math><img src=x onerror=${run}>`,
  },
  {
    name: 'five hundred and ten elements, then a form',
    make: ({ run }) =>
      `${'<div>'.repeat(507)}<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=${run}>`,
  },
  {
    name: 'two thousand unclosed tables',
    make: ({ run }) => `${'<table>'.repeat(2_000)}<img src=x onerror=${run}>`,
  },
  {
    name: 'thirty thousand tags, then a script',
    make: ({ run }) => `${'<br>'.repeat(30_001)}<script>${run}</script>`,
  },
  {
    name: 'a megabyte and a half, then a script',
    make: ({ run }) => `<p>${'x'.repeat(1_500_000 - 24)}<script>${run}</script>`,
  },
  {
    name: 'an attribute of a hundred thousand letters',
    make: ({ run }) => `<p title="${'x'.repeat(100_000)}" onclick=${run}>x</p>`,
  },
  {
    name: 'a thousand attributes',
    make: ({ run }) =>
      `<p ${Array.from({ length: 1_000 }, (_, n) => `a${n}=1`).join(' ')} onclick=${run}>x</p>`,
  },
]

export const mutations: Record<string, Vector[]> = {
  'raw text ended in an attribute': ended,
  namespaces,
  'raw text': raws,
  'comments and declarations': comments,
  'what the parser moves': moved,
}
