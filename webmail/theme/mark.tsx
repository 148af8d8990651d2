/** The product's mark: an envelope that waits at the counter. Decoration; the name stands beside it. */
export function Mark({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" fill="#0e6656" />
      <rect x="6.5" y="9.5" width="19" height="14" rx="2" fill="none" stroke="#fffdf8" strokeWidth="2" />
      <path
        d="M7.5 12 16 18l8.5-6"
        fill="none"
        stroke="#fffdf8"
        strokeWidth="2"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  )
}
