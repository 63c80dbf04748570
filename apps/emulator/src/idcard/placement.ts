// The position of the card in an image: the affine map from the specimen's layout to pixels, computed from the corners of its mark.
import type { Box } from '../cards/layout.ts';
import type { FoundSymbol, Point } from '../cards/symbol.ts';

/** A layout point maps to `origin + x · right + y · down`. `direction` is the provider's code. */
export interface Placement {
  origin: Point;
  right: Point;
  down: Point;
  /** 0 upright; 1, 2, 3: rotated counter-clockwise by 90°, 180°, 270°. */
  direction: 0 | 1 | 2 | 3;
}

export function placementOf(found: FoundSymbol, mark: Box): Placement {
  const per = (to: Point, length: number) => ({
    x: (to.x - found.topLeft.x) / length,
    y: (to.y - found.topLeft.y) / length,
  });
  const [right, down] = [per(found.topRight, mark.width), per(found.bottomLeft, mark.height)];
  const origin = {
    x: found.topLeft.x - mark.left * right.x - mark.top * down.x,
    y: found.topLeft.y - mark.left * right.y - mark.top * down.y,
  };
  return { origin, right, down, direction: directionOf(right) };
}

/** The upright box in the image that contains a box of the layout, clipped to the image, in whole pixels. */
export function mapBox(box: Box, placement: Placement, width: number, height: number): Box {
  const { origin, right, down } = placement;
  const corners = [box.left, box.left + box.width].flatMap((x) =>
    [box.top, box.top + box.height].map((y) => ({
      x: origin.x + x * right.x + y * down.x,
      y: origin.y + x * right.y + y * down.y,
    })),
  );
  const clamp = (value: number, most: number) => Math.min(most, Math.max(0, Math.round(value)));
  const left = clamp(Math.min(...corners.map((corner) => corner.x)), width - 1);
  const top = clamp(Math.min(...corners.map((corner) => corner.y)), height - 1);
  return {
    left,
    top,
    width: Math.max(1, clamp(Math.max(...corners.map((corner) => corner.x)), width) - left),
    height: Math.max(1, clamp(Math.max(...corners.map((corner) => corner.y)), height) - top),
  };
}

function directionOf(right: Point): 0 | 1 | 2 | 3 {
  if (Math.abs(right.x) >= Math.abs(right.y)) return right.x > 0 ? 0 : 2;
  return right.y < 0 ? 1 : 3;
}
