'use client'
/** The pages of the list for a place, asked again when the picture says that something moved. */
import type { DeliveryLine } from '@restante/core/queue/overview-deliveries.ts'
import { keepPreviousData, useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import type { Wire } from '../../api/v1/picture.ts'
import { call } from './api.ts'
import { listQuery, type Place } from './place.ts'

export type Line = Wire<DeliveryLine>
type Page = { items: Line[]; next: string | null; count?: number }

/** Between two rounds of asking again, in ms. */
const CALM = 2_000

export function useDeliveries(place: Place, pictureAt: string) {
  const key = listQuery(place, null)
  const client = useQueryClient()
  const query = useInfiniteQuery({
    queryKey: ['deliveries', key],
    queryFn: ({ pageParam }) => call<Page>(`deliveries?${listQuery(place, pageParam)}`),
    initialPageParam: null as string | null,
    getNextPageParam: page => page.next,
    placeholderData: keepPreviousData,
  })

  const asked = useRef(0)
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new picture is the very reason to ask again.
  useEffect(() => {
    const wait = Math.max(0, asked.current + CALM - Date.now())
    const timer = setTimeout(() => {
      asked.current = Date.now()
      void client.invalidateQueries({ queryKey: ['deliveries'] })
      void client.invalidateQueries({ queryKey: ['story'] })
    }, wait)
    return () => clearTimeout(timer)
  }, [pictureAt, client])

  const pages = query.data?.pages ?? []
  return {
    lines: pages.flatMap(page => page.items),
    count: pages[0]?.count ?? null,
    more: query.hasNextPage,
    loadMore: () => void query.fetchNextPage(),
    loadingMore: query.isFetchingNextPage,
    /** Nothing to show yet at all. */
    loading: query.isPending,
    /** What is shown belongs to another filter still. */
    old: query.isPlaceholderData,
    error: query.error,
  }
}
