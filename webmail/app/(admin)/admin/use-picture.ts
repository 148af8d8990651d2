'use client'
/**
 * The live picture in the browser: an event stream that is opened anew whenever it ends, and what can be said
 * about how fresh the picture is.
 */
import { useEffect, useState } from 'react'
import type { Picture } from './advice.ts'
import { ApiFailure, call } from './api.ts'

export type Freshness = 'live' | 'stale' | 'signed-out'

/** A stream ends by itself now and then; only longer silence is worth a word, in ms. */
const PATIENCE = 6_000
const RETRY = 3_000

export function usePicture(first: Picture): { picture: Picture; freshness: Freshness } {
  const [picture, setPicture] = useState(first)
  const [freshness, setFreshness] = useState<Freshness>('live')

  useEffect(() => {
    let source: EventSource | undefined
    let retry: ReturnType<typeof setTimeout> | undefined
    let silence: ReturnType<typeof setTimeout> | undefined
    let over = false

    const open = () => {
      if (over) return
      source = new EventSource('/api/v1/events')
      source.addEventListener('open', () => {
        clearTimeout(silence)
        silence = undefined
        setFreshness('live')
      })
      source.addEventListener('picture', event =>
        setPicture(JSON.parse((event as MessageEvent<string>).data)),
      )
      source.addEventListener('error', () => {
        silence ??= setTimeout(() => setFreshness('stale'), PATIENCE)
        // The browser tries again by itself after a lost connection, but not after a refusal.
        if (source?.readyState !== EventSource.CLOSED) return
        retry = setTimeout(() => void askWhy(), RETRY)
      })
    }
    const askWhy = async () => {
      try {
        setPicture(await call<Picture>('status'))
      } catch (error) {
        if (error instanceof ApiFailure && (error.status === 401 || error.status === 404)) {
          setFreshness('signed-out')
          return
        }
      }
      open()
    }
    open()
    return () => {
      over = true
      source?.close()
      clearTimeout(retry)
      clearTimeout(silence)
    }
  }, [])
  return { picture, freshness }
}

/** The time, anew every `every` ms; for ages that grow while one looks. */
export function useNow(every = 1_000): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every)
    return () => clearInterval(timer)
  }, [every])
  return now
}
