/** The relay as a process. */
import { runProcess } from '@restante/core/observe/lifecycle.ts'
import { start } from './start.ts'

await runProcess('relay', start)
