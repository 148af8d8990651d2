'use client'
/** Where somebody is on the first page. */
import { type Place, readPlace, writePlace } from './place.ts'
import { type Step, useAddress } from './use-address.ts'

export type Go = Step<Place>

export const usePlace = () => useAddress({ read: readPlace, write: writePlace })
