package io.ltri.index.store;

/**
 * A document borrowed for reading: what it maps stays valid until closed, even when it is deleted
 * meanwhile.
 */
public interface OpenDocument extends AutoCloseable {

  String id();

  DocumentLayout layout();

  /** Of a document that is being built: scan. */
  SearchMode searchMode();

  LayerView layer(int layer);

  @Override
  void close();
}
