package io.github.edm2.models;

/**
 * Libraries that only some users need, so that this one does not bring them: a program that reads
 * the files in question adds them to its own dependencies.
 */
public enum OptionalLibrary {
    /** Runs ONNX files: detectors of metrics, and the autoencoder of latents. */
    ONNX_RUNTIME("ai.onnxruntime.OrtEnvironment", "com.microsoft.onnxruntime:onnxruntime"),

    /** Finds the EXIF orientation of photographs. */
    METADATA_EXTRACTOR("com.drew.imaging.ImageMetadataReader", "com.drewnoakes:metadata-extractor"),

    /** Reads JPEG files that the JDK refuses, such as those of four colours. */
    TWELVEMONKEYS_JPEG(
            "com.twelvemonkeys.imageio.plugins.jpeg.JPEGImageReaderSpi",
            "com.twelvemonkeys.imageio:imageio-jpeg"),

    /** Reads TIFF files of kinds that the JDK refuses. */
    TWELVEMONKEYS_TIFF(
            "com.twelvemonkeys.imageio.plugins.tiff.TIFFImageReaderSpi",
            "com.twelvemonkeys.imageio:imageio-tiff"),

    /** Reads WebP files. */
    TWELVEMONKEYS_WEBP(
            "com.twelvemonkeys.imageio.plugins.webp.WebPImageReaderSpi",
            "com.twelvemonkeys.imageio:imageio-webp");

    private final String className;
    private final String coordinates;

    OptionalLibrary(String className, String coordinates) {
        this.className = className;
        this.coordinates = coordinates;
    }

    /** Whether it is on the class path. */
    public boolean isPresent() {
        String resource = className.replace('.', '/') + ".class";
        return OptionalLibrary.class.getClassLoader().getResource(resource) != null;
    }

    /** What to do where it is missing: the end of a sentence, with its Maven coordinates. */
    public String remedy() {
        return "add " + coordinates + " to the dependencies of your program";
    }
}
