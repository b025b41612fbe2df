package io.ltri.index.store;

/** There is no such document, or it was deleted. */
public final class DocumentNotFoundException extends StoreException {

  public DocumentNotFoundException(String message) {
    super(message);
  }
}
