package io.ltri.edge.access;

import java.util.Locale;
import java.util.Set;

/** What a caller may do. Each one includes those before it. */
public enum Scope {
  /** Ask, and look at what is there. */
  READER,
  /** Also create, change and delete documents. */
  WRITER,
  /** Also what concerns the whole service. */
  ADMIN;

  /**
   * @param name as in a token file, in any case
   * @throws IllegalArgumentException if it is none
   */
  public static Scope of(String name) {
    for (Scope scope : values()) {
      if (scope.name().equalsIgnoreCase(name)) {
        return scope;
      }
    }
    throw new IllegalArgumentException("'" + name + "' is no scope: use reader, writer or admin");
  }

  /** Whether one of these scopes is this one or includes it. */
  public boolean isIn(Set<Scope> granted) {
    return granted.stream().anyMatch(scope -> scope.compareTo(this) >= 0);
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
