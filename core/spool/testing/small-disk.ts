/** The machine's own disk, that says how much of it is free, and takes nothing more, as the test wishes. */
import { localFs, type SpoolFs } from '../fs.ts'

export type SmallDisk = { fs: SpoolFs; free: { bytes: number; inodes: number }; full: boolean }

export function smallDisk(): SmallDisk {
  const disk: SmallDisk = {
    free: { bytes: 0.5, inodes: 0.5 },
    full: false,
    fs: {
      ...localFs,
      space: async () => disk.free,
      async open(path, mode) {
        const file = await localFs.open(path, mode)
        return {
          ...file,
          async write(buffers, position) {
            if (disk.full) throw Object.assign(new Error('ENOSPC: made by the test'), { code: 'ENOSPC' })
            return file.write(buffers, position)
          },
        }
      },
    },
  }
  return disk
}
