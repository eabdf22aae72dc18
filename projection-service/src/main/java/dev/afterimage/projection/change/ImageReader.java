package dev.afterimage.projection.change;

/** Reads the images of one kind of aggregate. */
public interface ImageReader {

    /**
     * The name of the aggregate: the value of {@code source.aggregate}, and the name of the topic without {@code
     * .events}.
     */
    String aggregate();

    /**
     * Reads one image.
     *
     * @throws MalformedRecord when a field is missing or does not fit its column
     */
    Image read(Fields image) throws MalformedRecord;
}
