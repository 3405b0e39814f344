/**
 * How groups are told apart: twelve hues of different lightness, and a texture for each further dozen, so that the
 * look of a group says more than its colour. The number of the group is printed beside it in any case.
 */

/** Colours that `slots.css` has, `--group-1` and on. */
export const GROUP_HUES = 12;
/** Textures that `slots.css` has, the first is none. */
export const GROUP_TEXTURES = 4;

/** A look. */
export interface GroupLook {
  /** 1 to `GROUP_HUES`; 0: no group. */
  readonly hue: number;
  /** 0 to `GROUP_TEXTURES` - 1. */
  readonly texture: number;
}

/** The look of a group, always the same for an id. */
export function lookOf(groupId: number): GroupLook {
  if (groupId <= 0) {
    return { hue: 0, texture: 0 };
  }
  const index = groupId - 1;
  return {
    hue: (index % GROUP_HUES) + 1,
    texture: Math.floor(index / GROUP_HUES) % GROUP_TEXTURES,
  };
}

/** Classes of that look. */
export function lookClasses(groupId: number): string {
  const { hue, texture } = lookOf(groupId);
  return texture === 0 ? `hue-${hue}` : `hue-${hue} texture-${texture}`;
}
