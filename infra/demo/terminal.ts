/** The demo's terminal: lines with a mark in front, and keys where there is a keyboard. */
import { styleText } from 'node:util'

const isTerminal = Boolean(process.stdout.isTTY)

type Style = Parameters<typeof styleText>[0]

export function paint(style: Style, text: string): string {
  return isTerminal ? styleText(style, text) : text
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Something that happened, with its time. */
export function news(mark: string, line: string): void {
  say(`${paint('dim', new Date().toTimeString().slice(0, 8))} ${mark} ${line}`)
}

/**
 * Calls `press` for each key, until the returned function is called. Without a keyboard nothing happens.
 * Ctrl-C arrives as `q`: in this mode the terminal sends no signal.
 */
export function listenKeys(press: (key: string) => void): () => void {
  const { stdin } = process
  if (!stdin.isTTY) return () => {}
  stdin.setRawMode(true)
  stdin.resume()
  const onData = (data: Buffer) => {
    for (const character of data.toString('utf8'))
      press(character === '\u0003' ? 'q' : character.toLowerCase())
  }
  stdin.on('data', onData)
  return () => {
    stdin.off('data', onData)
    stdin.setRawMode(false)
    stdin.pause()
  }
}
