package io.ltri.edge.access;

import java.util.EnumSet;
import java.util.Set;

/**
 * What a credential allows.
 *
 * @param tenant {@link Token#ANY_TENANT}: any
 */
public record Grant(String name, String tenant, Set<Scope> scopes) {

  /** Of a service that asks for no token: whoever can reach it. */
  public static final Grant OPEN = new Grant("local", Token.ANY_TENANT, EnumSet.allOf(Scope.class));

  public Grant {
    scopes = Set.copyOf(scopes);
  }

  static Grant of(Token token) {
    return new Grant(token.name(), token.tenant(), token.scopes());
  }
}
