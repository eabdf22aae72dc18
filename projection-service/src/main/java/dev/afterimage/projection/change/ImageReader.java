package dev.afterimage.projection.change;

/** Knows what the images of one aggregate look like. */
public interface ImageReader {

    /** As in {@code source.aggregate}, and before {@code .events} in the name of the topic. */
    String aggregate();

    /**
     * Reads one image.
     *
     * @throws MalformedRecord when a field is missing or does not fit its column
     */
    Image read(Fields image) throws MalformedRecord;
}
