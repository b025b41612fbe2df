package io.ltri.index.store;

import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What is beyond a data folder, where several stores share their sealed documents: asked by the
 * store at the few moments that concern all of them. Any thread; it may wait for a network, so the
 * store holds no lock that others need while it asks.
 */
public interface Publication {

  /** This data folder is all there is. */
  Publication NONE = new Publication() {};

  /** Whether a new document, which continues no other, may get this id. */
  default boolean takes(String id) {
    return true;
  }

  /**
   * A document is begun that asks for so many replicas.
   *
   * @throws WrongStateException when there can not be so many
   * @throws UnavailableException when it can not be seen to now
   */
  default void begins(int replicas) {}

  /**
   * A document was sealed, or imported, and is whole at its place.
   *
   * @throws UnavailableException when it could not be published: it stays, and is later
   */
  default void sealed(String id) {}

  /**
   * Decides for all that a document goes, before anything of it does here.
   *
   * @return false when it stays after all
   * @throws UnavailableException when that can not be decided now
   */
  default boolean goes(String id, DeletionReason reason) {
    return true;
  }

  /** It is gone here. */
  default void gone(String id, DeletionReason reason) {}

  /**
   * Changes what is said of a document, for all.
   *
   * @return what is said of it now; null: the store itself is to change it
   */
  default @Nullable DocumentFacts change(String id, UnaryOperator<DocumentFacts> change) {
    return null;
  }

  /**
   * What it means to remove a sealed document to make room: {@link DeletionReason#EVICTED}, or
   * {@link DeletionReason#UNLOADED} when it can be had again; null: it must stay.
   */
  default @Nullable DeletionReason eviction(String id) {
    return DeletionReason.EVICTED;
  }
}
