/**
 * A page as people meet it: wide and on a phone, light and dark, looked at by axe each time; never wider than the
 * screen. TEST_PICTURES names a folder for pictures of them.
 */
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

/** Where pictures of the pages go, when somebody wants to look at them. */
export const pictures = process.env.TEST_PICTURES

/** @param what the pictures' name */
export async function look(page: Page, what: string): Promise<void> {
  for (const [name, width] of [
    ['wide', 1280],
    ['phone', 360],
  ] as const) {
    await page.setViewportSize({ width, height: 900 })
    for (const scheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
      // Set when a page is loaded, and by Mantine where it is there.
      await page.evaluate(async chosen => {
        document.documentElement.dataset.mantineColorScheme = chosen
        // What was set is shown, and what was fading has gone.
        const ending = document
          .getAnimations()
          .filter(one => Number.isFinite(one.effect?.getComputedTiming().endTime))
        await Promise.all(ending.map(one => one.finished.catch(() => {})))
        await new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)))
      }, scheme)
      if (pictures) {
        await page.screenshot({ path: `${pictures}/${what}-${name}-${scheme}.png`, fullPage: true })
      }
      const { violations } = await new AxeBuilder({ page })
        .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
        // What a message shows is its sender's.
        .exclude('iframe')
        .analyze()
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(' | ')}`)
      expect(found, `${what}, ${name}, ${scheme}`).toEqual([])
    }
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    expect(wide, `${what} is wider than ${name}`).toBeLessThanOrEqual(0)
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: null })
  await page.evaluate(() => {
    document.documentElement.dataset.mantineColorScheme = 'light'
  })
  await page.setViewportSize({ width: 1400, height: 1100 })
}
