/**
 * The tables as types, one to one with the migrations. What columns mean stands in schema/, an area a file; constraints
 * and indexes stand in the migrations.
 */
import type { Insertable, Selectable, Updateable } from 'kysely'
import type { AccessTables } from './schema/access.ts'
import type { DeliveryTables } from './schema/delivery.ts'
import type { DirectoryTables } from './schema/directory.ts'
import type { MailTables } from './schema/mail.ts'
import type { OutagesTables } from './schema/outages.ts'
import type { OutgoingTables } from './schema/outgoing.ts'
import type { RestoreTables } from './schema/restore.ts'
import type { ScanTables } from './schema/scan.ts'
import type { SignInTables } from './schema/sign-in.ts'
import type { TellingTables } from './schema/telling.ts'
import type { WritingTables } from './schema/writing.ts'

export type Tables = DirectoryTables &
  AccessTables &
  DeliveryTables &
  OutgoingTables &
  MailTables &
  ScanTables &
  OutagesTables &
  RestoreTables &
  TellingTables &
  SignInTables &
  WritingTables

export type Row<T extends keyof Tables> = Selectable<Tables[T]>
export type NewRow<T extends keyof Tables> = Insertable<Tables[T]>
export type RowUpdate<T extends keyof Tables> = Updateable<Tables[T]>
