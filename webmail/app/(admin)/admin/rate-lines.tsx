'use client'
/** The two lines themselves: what arrived (dashed) under what was accepted. Decoration; the words stand beside. */
import { Line, LineChart, YAxis } from 'recharts'

export default function RateLines({ rates }: { rates: { in: number[]; out: number[] } }) {
  const points = rates.in.map((arrived, minute) => ({ arrived, accepted: rates.out[minute] ?? 0 }))
  const still = typeof window !== 'undefined' && window.matchMedia('(prefers-reduced-motion: reduce)').matches
  const line = { type: 'monotone', dot: false, isAnimationActive: !still, animationDuration: 140 } as const
  return (
    <LineChart
      width={150}
      height={40}
      data={points}
      margin={{ top: 3, right: 2, bottom: 3, left: 2 }}
      accessibilityLayer={false}
    >
      <YAxis hide domain={[0, (most: number) => Math.max(most, 4)]} />
      <Line {...line} dataKey="arrived" stroke="var(--ink-faint)" strokeWidth={1.25} strokeDasharray="3 3" />
      <Line {...line} dataKey="accepted" stroke="var(--accent)" strokeWidth={1.75} />
    </LineChart>
  )
}
