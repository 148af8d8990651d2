/** Rows dragged to a folder: what is under way, as only this page knows it. */
import type { Id } from '../jmap/types.ts'
import { createStore } from './store.ts'

/** The kind of thing that is dragged, as the browser tells it while it hovers. */
export const MESSAGES = 'application/x-restante-messages'

export type Dragged = { account: Id; ids: readonly Id[] }

const dragged = createStore<Dragged | null>(null)

export const startDrag = (of: Dragged): void => dragged.set(of)
export const endDrag = (): void => dragged.set(null)
export const draggedNow = (): Dragged | null => dragged.get()
export const useDragged = dragged.use
