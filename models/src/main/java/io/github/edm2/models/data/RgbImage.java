package io.github.edm2.models.data;

/**
 * An image of any size in colour, not to be changed.
 *
 * @param height rows of pixels
 * @param width columns of pixels
 * @param planes unsigned pixels, [red green blue, height, width]
 */
record RgbImage(int height, int width, byte[] planes) {

    static final int CHANNELS = 3;

    /**
     * Makes an image of pixels as a dataset has them; grey becomes equal red, green and blue.
     *
     * @param pixels [channels, height, width]
     */
    static RgbImage of(ImageShape shape, byte[] pixels) {
        if (shape.channels() == CHANNELS) {
            return new RgbImage(shape.height(), shape.width(), pixels);
        }
        byte[] planes = new byte[CHANNELS * pixels.length];
        for (int c = 0; c < CHANNELS; c++) {
            System.arraycopy(pixels, 0, planes, c * pixels.length, pixels.length);
        }
        return new RgbImage(shape.height(), shape.width(), planes);
    }

    /** The pixels in another order, [height, width, red green blue]. */
    byte[] interleaved() {
        int plane = height * width;
        byte[] interleaved = new byte[planes.length];
        int target = 0;
        for (int i = 0; i < plane; i++) {
            for (int c = 0; c < CHANNELS; c++) {
                interleaved[target++] = planes[c * plane + i];
            }
        }
        return interleaved;
    }

    ImageShape shape() {
        return new ImageShape(CHANNELS, height, width);
    }

    Resolution resolution() {
        return new Resolution(width, height);
    }

    /** The part of the image that begins at a pixel. */
    RgbImage crop(int top, int left, int newHeight, int newWidth) {
        byte[] part = new byte[CHANNELS * newHeight * newWidth];
        for (int row = 0; row < CHANNELS * newHeight; row++) {
            int y = row / newHeight * height + top + row % newHeight;
            System.arraycopy(planes, y * width + left, part, row * newWidth, newWidth);
        }
        return new RgbImage(newHeight, newWidth, part);
    }

    /** The part of that size in the middle, of an odd rest the smaller half above and left. */
    RgbImage centre(int newHeight, int newWidth) {
        return crop((height - newHeight) / 2, (width - newWidth) / 2, newHeight, newWidth);
    }

    /**
     * Both sides halved without their fraction, as the box filter of the Python imaging library
     * does it: columns first, then rows, each rounded to 8 bits. A pixel is the mean of two; of an
     * odd side the middle one, or the one before the middle, is the mean of three. An own loop,
     * because ND4J has nothing for odd sides: its area filter divides pixels between two of the
     * result, up to 13 levels off, and its {@code segment_mean} takes more than 20 times as long.
     */
    RgbImage halved() {
        byte[] narrow = halve(planes, CHANNELS * height, width, 1);
        return new RgbImage(height / 2, width / 2, halve(narrow, CHANNELS, height, width / 2));
    }

    /** Halves the middle axis of [outer, size, inner]. */
    private static byte[] halve(byte[] pixels, int outer, int size, int inner) {
        int newSize = size / 2;
        int ofThree = size % 2 == 0 ? newSize : (newSize - 1) / 2;
        byte[] halved = new byte[outer * newSize * inner];
        int target = 0;
        for (int o = 0; o < outer; o++) {
            for (int i = 0; i < newSize; i++) {
                int first = o * size + 2 * i + (i > ofThree ? 1 : 0);
                int count = i == ofThree ? 3 : 2;
                for (int k = 0; k < inner; k++) {
                    int sum = count / 2;
                    for (int j = first; j < first + count; j++) {
                        sum += Byte.toUnsignedInt(pixels[j * inner + k]);
                    }
                    halved[target++] = (byte) (sum / count);
                }
            }
        }
        return halved;
    }

    /** The image in the middle of a black one as high as it is wide; at most as high now. */
    RgbImage letterbox() {
        byte[] canvas = new byte[CHANNELS * width * width];
        int top = (width - height) / 2;
        for (int c = 0; c < CHANNELS; c++) {
            System.arraycopy(
                    planes, c * height * width, canvas, (c * width + top) * width, height * width);
        }
        return new RgbImage(width, width, canvas);
    }

    /**
     * Turns the image as its camera was held.
     *
     * @param orientation EXIF's number (Exif 2.32, tag 0x0112): 1 for upright; where the first row
     *     and column of the file are to be seen: 2 top, right; 3 bottom, right; 4 bottom, left; 5
     *     left, top; 6 right, top; 7 right, bottom; 8 left, bottom
     */
    RgbImage upright(int orientation) {
        if (orientation == 1) {
            return this;
        }
        boolean transposed = orientation >= 5;
        boolean fromLastRow =
                orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
        boolean fromLastColumn =
                orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
        int newHeight = transposed ? width : height;
        int newWidth = transposed ? height : width;
        byte[] turned = new byte[planes.length];
        int target = 0;
        for (int c = 0; c < CHANNELS; c++) {
            for (int y = 0; y < newHeight; y++) {
                for (int x = 0; x < newWidth; x++) {
                    int row = transposed ? x : y;
                    int column = transposed ? y : x;
                    row = fromLastRow ? height - 1 - row : row;
                    column = fromLastColumn ? width - 1 - column : column;
                    turned[target++] = planes[(c * height + row) * width + column];
                }
            }
        }
        return new RgbImage(newHeight, newWidth, turned);
    }
}
