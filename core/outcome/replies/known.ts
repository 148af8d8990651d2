/** A reply as a server or a provider gives it, with the category that it must get. */
import type { Category, Phase } from '../types.ts'

export type Known = { from: string; reply: string; category: Category; at?: Phase }

/** `at` is the phase; rcpt when absent. */
export const list = (from: string, ...rows: [category: Category, reply: string, at?: Phase][]): Known[] =>
  rows.map(([category, reply, at]) => ({ from, reply, category, ...(at && { at }) }))
