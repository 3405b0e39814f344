/**
 * Texts of this screen: English, Chinese.
 */

/** See the head of the file. */
export const text = {} as const;
