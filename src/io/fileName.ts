/** Names of files that a file gives: each has to stay in the folder that it is read in. */

/** Whether a name is one of a file right in a folder, on every platform. */
export const isFileName = (name: string): boolean =>
  name !== '' && name !== '.' && name !== '..' && !/[/\\:\0]/.test(name)
