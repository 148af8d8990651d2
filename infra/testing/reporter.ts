/**
 * The last line of a test run, for people in a hurry and for machines: `N passed, N failed`, with
 * `, N skipped` behind it when there were any. A file that could not even be loaded counts as failed.
 */
import type { Reporter, TestModule } from 'vitest/node'

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let [passed, failed, skipped] = [0, unhandledErrors.length, 0]
    for (const module of modules) {
      if (module.errors().length > 0) failed++
      for (const suite of module.children.allSuites()) if (suite.errors().length > 0) failed++
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') passed++
        else if (state === 'failed') failed++
        else skipped++
      }
    }
    const line = `${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`
    // After the summary of the reporter before us, which may still be writing.
    process.once('exit', () => process.stdout.write(`\n${line}\n`))
  }
}
