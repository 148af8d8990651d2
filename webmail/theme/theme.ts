/**
 * Mantine dressed in the house's colours (theme/tokens.css): paper and ink, one green-teal accent. Components
 * take their colours from here, so that admin pages and webmail look like one thing.
 */
import { createTheme, type MantineColorsTuple } from '@mantine/core'

const post: MantineColorsTuple = [
  '#eaf4f1',
  '#d5e8e2',
  '#a9d2c7',
  '#7abbab',
  '#52a793',
  '#2f8f7b',
  '#1b7b68',
  '#0e6656',
  '#0a4f43',
  '#053a31',
]
const warm: MantineColorsTuple = [
  '#faf8f3',
  '#f3efe6',
  '#e7e1d4',
  '#d8d1c2',
  '#c3bbab',
  '#a39c8e',
  '#7b766b',
  '#5d5a52',
  '#41403b',
  '#282825',
]
const deep: MantineColorsTuple = [
  '#e9e6df',
  '#c3c7c2',
  '#a1a8a3',
  '#77807b',
  '#3d4541',
  '#2c3330',
  '#212624',
  '#191d1b',
  '#131615',
  '#0d0f0e',
]
const amber: MantineColorsTuple = [
  '#fdf5df',
  '#fbeecb',
  '#f3dda0',
  '#ecc06a',
  '#dba744',
  '#bf8a20',
  '#9c6b08',
  '#7a4d00',
  '#5f3c00',
  '#442b00',
]

export const theme = createTheme({
  fontFamily: 'var(--font)',
  fontFamilyMonospace: 'var(--mono)',
  headings: {
    fontFamily: 'var(--font)',
    fontWeight: '600',
    sizes: {
      h1: { fontSize: '24px', lineHeight: '1.3' },
      h2: { fontSize: '19px', lineHeight: '1.35' },
      h3: { fontSize: '16px', lineHeight: '1.4' },
    },
  },
  fontSizes: { xs: '12.5px', sm: '14px', md: '15px', lg: '17px', xl: '20px' },
  spacing: { xs: '8px', sm: '12px', md: '16px', lg: '24px', xl: '32px' },
  colors: { post, gray: warm, dark: deep, amber },
  primaryColor: 'post',
  primaryShade: { light: 7, dark: 5 },
  autoContrast: true,
  luminanceThreshold: 0.28,
  white: '#fffdf8',
  black: '#1d2320',
  defaultRadius: 8,
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
})
