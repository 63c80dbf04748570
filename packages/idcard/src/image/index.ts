export { type Assessment, assessImage } from './assess.ts';
export { encodedLengthBound } from './encoded-length.ts';
export type { ColorModel, ImageFacts, ImageFormat, Orientation } from './facts.ts';
export { type Adjusted, type FitOptions, type FittedImage, fitImage } from './fit.ts';
export { inspectImage } from './inspect.ts';
export { defaultImageLimits, type ImageLimits } from './limits.ts';
export { describeImageReason, type FitReason, type ImageReason, imageReasons, type UnusableReason } from './reasons.ts';
