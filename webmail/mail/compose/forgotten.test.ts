import { expect, test } from 'vitest'
import { speaksOfAttachment } from './forgotten.ts'

test('whoever writes of an attachment is asked, in each language', () => {
  for (const [text, word] of [
    ['Please find the order attached.', 'attached'],
    ['Te envío el pedido adjunto.', 'adjunto'],
    ['T’envio els documents adjunts.', 'adjunts'],
    ['In allegato trovi l’ordine.', 'allegato'],
  ] as const) {
    expect(speaksOfAttachment('', text)?.toLowerCase()).toContain(word)
  }
})

test('what others wrote, and words that only look alike, ask nothing', () => {
  for (const text of [
    'See you at four.',
    'Done.\n> the order is attached',
    'Ok\n---------- Forwarded ----------\nattached',
  ]) {
    expect(speaksOfAttachment('Re: order attached', text)).toBe(null)
  }
})
