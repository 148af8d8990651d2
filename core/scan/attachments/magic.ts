/**
 * What a file is by its first octets, whatever its name and type say.
 *
 * Only what matters here is told apart: programs, what hides programs, archives and documents.
 */

/** Octets that are enough to tell. */
export const SNIFF = 1024

export type Kind =
  | 'program'
  | 'shortcut'
  | 'notebook'
  | 'help'
  | 'cabinet'
  | 'disk'
  | 'java'
  | 'registry'
  | 'ace'
  | 'zip'
  | 'gzip'
  | 'zstd'
  | 'tar'
  | 'rar'
  | '7z'
  | 'closed'
  | 'ole'
  | 'tnef'
  | 'pdf'
  | 'picture'
  | 'rtf'
  | 'unknown'

/** A dangerous kind, and the endings that such files rightly have: their name has said it then. */
export const DANGEROUS_KINDS: Partial<Record<Kind, readonly string[]>> = {
  program: [
    'exe',
    'com',
    'scr',
    'pif',
    'cpl',
    'dll',
    'sys',
    'drv',
    'ocx',
    'vxd',
    '386',
    'xll',
    'ex',
    'ex_',
    'ax',
    'app',
    'run',
    'appimage',
    'wll',
    'msi',
  ],
  shortcut: ['lnk', 'url', 'website', 'scf'],
  notebook: ['one', 'onepkg', 'onetoc2'],
  help: ['chm', 'hlp'],
  cabinet: ['cab', 'onepkg', 'theme', 'themepack', 'deskthemepack', 'diagcab', 'wsp', 'msu'],
  disk: ['iso', 'img', 'vhd', 'vhdx', 'udf', 'dmg', 'toast', 'wim'],
  java: ['class', 'app'],
  registry: ['reg'],
  ace: ['ace'],
}

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex')

const MAGIC: readonly (readonly [Kind, number, Buffer])[] = [
  ['program', 0, bytes('7f 45 4c 46')], // ELF
  ['program', 0, bytes('fe ed fa ce')], // Mach-O, its orders and widths
  ['program', 0, bytes('fe ed fa cf')],
  ['program', 0, bytes('ce fa ed fe')],
  ['program', 0, bytes('cf fa ed fe')],
  ['shortcut', 0, bytes('4c 00 00 00 01 14 02 00 00 00 00 00 c0 00 00 00 00 00 00 46')], // MS-SHLLINK §2.1
  ['notebook', 0, bytes('e4 52 5c 7b 8c d8 a7 4d ae b1 53 78 d0 29 96 d3')], // MS-ONESTORE §2.3.1
  ['help', 0, Buffer.from('ITSF')],
  ['help', 0, bytes('3f 5f 03 00')],
  ['cabinet', 0, Buffer.from('MSCF\0\0\0\0', 'latin1')],
  ['disk', 0, Buffer.from('conectix')],
  ['disk', 0, Buffer.from('vhdxfile')],
  ['disk', 0, Buffer.from('MSWIM\0\0\0', 'latin1')],
  ['ace', 7, Buffer.from('**ACE**')],
  ['zip', 0, Buffer.from('PK\x03\x04', 'latin1')],
  ['zip', 0, Buffer.from('PK\x05\x06', 'latin1')],
  ['zip', 0, Buffer.from('PK\x07\x08', 'latin1')],
  ['gzip', 0, bytes('1f 8b 08')],
  ['zstd', 0, bytes('28 b5 2f fd')],
  ['rar', 0, Buffer.from('Rar!\x1a\x07', 'latin1')],
  ['7z', 0, bytes('37 7a bc af 27 1c')],
  ['tar', 257, Buffer.from('ustar')],
  ['closed', 0, bytes('fd 37 7a 58 5a 00')], // xz
  ['closed', 0, Buffer.from('LZIP')],
  ['closed', 0, bytes('60 ea')], // ARJ
  ['closed', 2, Buffer.from('-lh')],
  ['closed', 0, Buffer.from('ALZ\x01', 'latin1')],
  ['closed', 0, Buffer.from('EGGA')],
  ['ole', 0, bytes('d0 cf 11 e0 a1 b1 1a e1')], // MS-CFB §2.2
  ['tnef', 0, bytes('78 9f 3e 22')], // MS-OXTNEF §2.1.3.1
  ['pdf', 0, Buffer.from('%PDF-')],
  ['picture', 0, bytes('89 50 4e 47 0d 0a 1a 0a')],
  ['picture', 0, bytes('ff d8 ff')],
  ['picture', 0, Buffer.from('GIF8')],
  ['rtf', 0, Buffer.from('{\\rt')],
]

/** @param head the file's first octets, {@link SNIFF} of them unless it is shorter */
export function sniff(head: Buffer): Kind {
  if (head.length < 2) return 'unknown'
  for (const [kind, at, magic] of MAGIC) {
    if (head.length < at + magic.length || head[at] !== magic[0]) continue
    if (head.compare(magic, 0, magic.length, at, at + magic.length) === 0) return kind
  }
  if (isDosOrWindows(head)) return 'program'
  // bzip2: a block, or the end of an empty file.
  if (
    /^BZh[1-9]$/.test(head.toString('latin1', 0, 4)) &&
    /^(314159265359|177245385090)$/.test(head.toString('hex', 4, 10))
  )
    return 'closed'
  // Java's classes and Mach-O's bundles share their first four octets; a bundle has few architectures.
  if (head.length >= 8 && head.readUInt32BE(0) === 0xcafebabe)
    return head.readUInt32BE(4) < 40 ? 'program' : 'java'
  const text = startOfText(head)
  if (/^\s*\[InternetShortcut\]/i.test(text)) return 'shortcut'
  if (/^\s*(?:Windows Registry Editor Version|REGEDIT4)/.test(text)) return 'registry'
  return isOldTar(head) ? 'tar' : 'unknown'
}

function isDosOrWindows(head: Buffer): boolean {
  const mark = head.toString('latin1', 0, 2)
  if ((mark !== 'MZ' && mark !== 'ZM') || head.length < 64) return false
  const at = head.readUInt32LE(0x3c)
  if (at + 4 <= head.length && /^(?:PE\0\0|NE|LE|LX)/.test(head.toString('latin1', at, at + 4))) return true
  // An old program, or its new header lies further on: text has no NUL in its first lines.
  return head.subarray(2, 64).includes(0)
}

/** The beginning as text, UTF-16 too, which Windows takes for these files. */
function startOfText(head: Buffer): string {
  if (head[0] === 0xff && head[1] === 0xfe)
    return head.toString('utf16le', 2, Math.min(head.length & ~1, 256))
  const start = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0
  return head.toString('latin1', start, Math.min(head.length, 128))
}

/** A tar file from before POSIX has no mark, but its header's sum is right. */
function isOldTar(head: Buffer): boolean {
  if (head.length < 512 || head[0] === 0) return false
  return tarSumIsRight(head)
}

/** Octets 148–155 hold the sum of the block, in octal, they themselves counted as spaces. */
export function tarSumIsRight(block: Buffer): boolean {
  const said = Number.parseInt(block.toString('latin1', 148, 156).replace(/[\0 ]/g, ' ').trim(), 8)
  if (!Number.isFinite(said) || said === 0) return false
  let sum = 0
  for (let at = 0; at < 512; at++) sum += at >= 148 && at < 156 ? 0x20 : block[at]!
  return sum === said
}
