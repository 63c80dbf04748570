/** Small images for tests that do not depend on the content. */
import sharp from 'sharp';

export function plainJpeg(widthPx = 320, heightPx = 200): Promise<Buffer> {
  return sharp({ create: { width: widthPx, height: heightPx, channels: 3, background: '#c8d0d8' } })
    .jpeg()
    .toBuffer();
}

export function plainPng(widthPx = 320, heightPx = 200): Promise<Buffer> {
  return sharp({ create: { width: widthPx, height: heightPx, channels: 3, background: '#c8d0d8' } })
    .png()
    .toBuffer();
}
