/**
 * Endings that a gateway refuses by default, and why: opening such a file runs something, or mounts something
 * that then does. Endings of documents that can hold macros are marked only, because offices send them.
 *
 * What is left out on purpose: source code that needs an interpreter most people don't have and that developers
 * send each other (py, pl, sh, rb), calendars, certificates, data bases.
 */

const BY_REASON = {
  'Windows runs it': 'exe com scr pif cpl dll sys drv ocx vxd 386 xll bat cmd msc msi msp mst ex ex_ ax',
  'Windows installs it':
    'msix msixbundle appx appxbundle application appref-ms diagcab diagcfg diagpkg cab isp ins',
  'Windows runs the script in it':
    'js jse mjs vb vbe vbs ws wsf wsc wsh sct shb shs hta htc ps1 ps1xml ps2 ps2xml psc1 psc2 psm1 psd1 cdxml msh msh1 msh2 mshxml msh1xml msh2xml nsh',
  'it is a shortcut to something else that runs':
    'lnk url scf library-ms search-ms searchconnector-ms settingcontent-ms website desklink mapimail rdp jnlp gadget pcd',
  'it changes the settings of Windows': 'reg inf theme themepack deskthemepack osd',
  'help that runs what is in it': 'chm hlp',
  'a disk that opens with a click, and hides where its files come from': 'iso img vhd vhdx udf dmg toast wim',
  'a notebook whose pictures run what lies under them': 'one onepkg onetoc2',
  'a Java program': 'jar class',
  'a program for macOS or Linux':
    'app command pkg mpkg workflow desktop run appimage terminal fileloc inetloc webloc',
  'a program for a telephone': 'apk xapk ipa',
  'an Access or Office program':
    'ade adp accde mde mda mdz mdw mat maf mag mam maq mar mas mau mav maw wll ppa vsw',
  'an archive format whose programs have been broken into': 'ace',
  'its programs run what is in it': 'xbap plg prf prg fxp grp hpj mcf shd udl ops vsmacros',
} as const

/** ending → why */
export const DANGEROUS_ENDINGS: ReadonlyMap<string, string> = new Map(
  Object.entries(BY_REASON).flatMap(([why, endings]) =>
    endings.split(' ').map(ending => [ending, why] as const),
  ),
)

const set = (words: string): ReadonlySet<string> => new Set(words.split(' '))

/** Office files that are made to hold macros. */
export const MACRO_ENDINGS = set('docm dotm xlsm xltm xlam pptm potm ppsm ppam sldm xlm xla vstm vsdm vssm')

/** What people expect a file to be: in `invoice.pdf.exe` the middle one is there to be read. */
export const HARMLESS_ENDINGS = set(
  'pdf doc docx docm dot rtf odt xls xlsx xlsm csv ods ppt pptx pps odp txt log md htm html xml json eml msg ' +
    'jpg jpeg png gif bmp tif tiff webp svg heic mp3 mp4 m4a wav avi mov mkv mpg mpeg wma wmv ' +
    'zip rar 7z gz tar tgz ics vcf tmp bak dat invoice',
)

/** Archives that are known by name and that nobody here looks into. */
export const CLOSED_ARCHIVE_ENDINGS = set(
  'bz2 tbz tbz2 xz txz lz lzma tlz lzh lha arj arc zoo alz egg zpaq kgb',
)

/** Archives that are zip files under another name, besides documents. */
export const ZIP_ENDINGS = set(
  'zip zipx jar apk xpi epub docx docm dotx dotm xlsx xlsm xlsb xltx xltm xlam pptx pptm potx potm ppsx ppsm ppam odt ods odp odg ott vsdx vsdm',
)

/** Zip files that programs open as one document: what lies deep in them is not unpacked by anybody. */
export const DOCUMENT_ENDINGS = set(
  'docx docm dotx dotm xlsx xlsm xlsb xltx xltm xlam pptx pptm potx potm ppsx ppsm ppam sldx vsdx vsdm odt ods odp odg odf ott ots otp epub pages numbers key thmx',
)

export const MESSAGE_ENDINGS = set('eml mht mhtml')
export const HTML_ENDINGS = set('htm html shtml shtm xhtml xht svg')
