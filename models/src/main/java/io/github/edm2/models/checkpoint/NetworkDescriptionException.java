package io.github.edm2.models.checkpoint;

/** What a file says of its network is no EDM2 network. The message follows the file's name. */
final class NetworkDescriptionException extends RuntimeException {

    private static final long serialVersionUID = 1;

    NetworkDescriptionException(String message) {
        super(message);
    }
}
