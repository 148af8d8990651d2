'use client'
/**
 * Where a message is written: Tiptap in Mantine's frame. Loaded when somebody begins to write, never with the
 * first view. What is pasted comes through the editor's own schema, so that nothing but what its buttons can make
 * ever gets into a message.
 */
import '@mantine/tiptap/styles.layer.css'
import { Link, RichTextEditor } from '@mantine/tiptap'
import { Node, type Editor as Tiptap, useEditor } from '@tiptap/react'
import StarterKit from '@tiptap/starter-kit'
import { useTranslations } from 'next-intl'
import { useEffect, useMemo, useRef } from 'react'
import { Look } from '../../theme/look.tsx'
import styles from './editor.module.css'
import { signatureBlock } from './rich-text.ts'

export type EditorProps = {
  /** Read once, when it begins. */
  html: string
  /** What it is called; a message, unless it is said. */
  label?: string
  /** HTML of the signature below; another value puts it in the place of the one there. null: it stays as it is. */
  signature?: string | null
  focus: boolean
  onChange: (html: string) => void
}

export default function Editor(props: EditorProps) {
  // Styles that Mantine writes need the page's nonce; the browser hides it from the attribute, not from us.
  const nonce = useMemo(() => document.querySelector<HTMLScriptElement>('script[nonce]')?.nonce, [])
  return (
    <Look nonce={nonce}>
      <Writing {...props} />
    </Look>
  )
}

/** What stands under a message: a block of its own, so that another can take its place. */
const Signature = Node.create({
  name: 'signature',
  group: 'block',
  content: 'block+',
  defining: true,
  parseHTML: () => [{ tag: 'div[data-signature]' }],
  renderHTML: () => ['div', { 'data-signature': '' }, 0],
})

/** In the place of the one there; else before what is quoted, with the line that says who wrote it; else at the end. */
function putSignature(editor: Tiptap, html: string): void {
  const { doc } = editor.state
  let there: { from: number; to: number } | undefined
  let quoted: number | undefined
  let before = 0
  doc.forEach((node, offset) => {
    if (node.type.name === 'signature') there ??= { from: offset, to: offset + node.nodeSize }
    if (node.type.name === 'blockquote') quoted ??= before
    before = offset
  })
  if (there && !html) editor.commands.deleteRange(there)
  else if (html) editor.commands.insertContentAt(there ?? quoted ?? doc.content.size, signatureBlock(html))
}

function Writing({ html, label, signature = null, focus, onChange }: EditorProps) {
  const t = useTranslations('compose')
  const words = useTranslations('editor')
  const editor = useEditor({
    immediatelyRender: true,
    shouldRerenderOnTransaction: true,
    injectCSS: false,
    extensions: [
      StarterKit.configure({ link: false, code: false, codeBlock: false, heading: { levels: [2, 3] } }),
      Link.configure({ openOnClick: false, protocols: ['mailto', 'tel'] }),
      Signature,
    ],
    content: html,
    editorProps: {
      // Sends; it must not end in an empty line that the key makes elsewhere.
      handleKeyDown: (_, event) => event.key === 'Enter' && (event.ctrlKey || event.metaKey),
      attributes: {
        role: 'textbox',
        'aria-label': label ?? t('message'),
        'aria-multiline': 'true',
        dir: 'auto',
        spellcheck: 'true',
      },
    },
    onUpdate: ({ editor }) => onChange(editor.getHTML()),
  })
  useEffect(() => {
    // While its styles are still on their way React takes the first editor down again; another follows.
    if (focus && editor && !editor.isDestroyed) editor.commands.focus('start')
  }, [editor, focus])
  const placed = useRef(signature)
  useEffect(() => {
    if (!editor || editor.isDestroyed || signature === null || signature === placed.current) return
    placed.current = signature
    putSignature(editor, signature)
  }, [editor, signature])
  return (
    <RichTextEditor
      editor={editor}
      className={styles.editor ?? ''}
      labels={{
        boldControlLabel: words('bold'),
        italicControlLabel: words('italic'),
        underlineControlLabel: words('underline'),
        strikeControlLabel: words('strike'),
        clearFormattingControlLabel: words('clear'),
        h2ControlLabel: words('heading'),
        blockquoteControlLabel: words('quote'),
        bulletListControlLabel: words('bullets'),
        orderedListControlLabel: words('numbers'),
        linkControlLabel: words('link'),
        unlinkControlLabel: words('unlink'),
        linkEditorInputLabel: words('address'),
        linkEditorInputPlaceholder: 'https://',
        linkEditorSave: words('save'),
        linkEditorExternalLink: words('external'),
        linkEditorInternalLink: words('internal'),
      }}
    >
      <RichTextEditor.Content className={styles.writing ?? ''} />
      <RichTextEditor.Toolbar className={styles.formats ?? ''} role="toolbar" aria-label={words('title')}>
        <RichTextEditor.Bold />
        <RichTextEditor.Italic />
        <RichTextEditor.Underline />
        <RichTextEditor.H2 />
        <RichTextEditor.BulletList />
        <RichTextEditor.OrderedList />
        <RichTextEditor.Blockquote />
        <RichTextEditor.Link />
        <RichTextEditor.Unlink />
        <RichTextEditor.ClearFormatting />
      </RichTextEditor.Toolbar>
    </RichTextEditor>
  )
}
