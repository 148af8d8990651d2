/** Columns as types: what is read, what may be written. */
import type { ColumnType } from 'kysely'

/** jsonb: read as a value, written as a JSON string or as an object. */
export type Json<T> = ColumnType<T, T | string, T | string>
export type At = ColumnType<Date, Date | string, Date | string>
export type MaybeAt = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
/** bigint: read as a number (we stay far below 2^53), written as a number. */
export type Big = ColumnType<number, number, number>
/** A column with a default. Kysely's own `Generated` does not look into a ColumnType. */
export type Generated<T> = [T] extends [ColumnType<infer S, infer I, infer U>]
  ? ColumnType<S, I | undefined, U>
  : ColumnType<T, T | undefined, T>
/** The same with a default in the database (Kysely's Generated does not nest). */
export type DefaultBig = ColumnType<number, number | undefined, number>
export type DefaultJson<T> = ColumnType<T, T | string | undefined, T | string>
