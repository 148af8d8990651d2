/**
 * Columns of the table of what goes out, in minutes: each holds what is younger than its number and in no earlier
 * one. The last column has no end and no number. For browsers too.
 */
export const AGES = [5, 10, 20, 40, 80, 160, 320, 640, 1280] as const
