package io.ltri.edge.access;

import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The one place where a call is let in or not, whatever it came by. What is not in the table is
 * refused.
 */
public final class Gate {

  /** What is asked of the caller of a method. */
  public enum Rule {
    /** Nothing: it tells no more than that the service is there. */
    ANYBODY,
    READER,
    WRITER,
    ADMIN;

    Scope scope() {
      return Scope.valueOf(name());
    }
  }

  /** How a call is answered that is not let in. */
  public sealed interface Decision {
    record Allowed(Grant grant) implements Decision {}

    /** No token, or none that is known and valid. */
    record NoCredential(String message) implements Decision {}

    /** A valid token, for something else. */
    record NotAllowed(String message) implements Decision {}
  }

  private static final String BEARER = "bearer ";

  /** Said of every token that does not help, so that the answer does not tell which it was. */
  private static final String UNKNOWN =
      "the token is not known or has expired: ask whoever runs the service for another";

  private final Map<String, Rule> rules;
  private final @Nullable Tokens tokens;

  /**
   * @param rules by the name of the method
   * @param tokens null: everybody is let in to what is in the table
   */
  public Gate(Map<String, Rule> rules, @Nullable Tokens tokens) {
    this.rules = Map.copyOf(rules);
    this.tokens = tokens;
  }

  /**
   * @param method a key of the table
   * @param authorization the header of that name, or null
   */
  public Decision decide(String method, @Nullable String authorization) {
    Rule rule = rules.get(method);
    if (rule == Rule.ANYBODY) {
      return new Decision.Allowed(new Grant("anybody", "", java.util.Set.of()));
    }
    Tokens known = tokens;
    if (known == null) {
      return rule == null ? unlisted() : new Decision.Allowed(Grant.OPEN);
    }
    if (authorization == null) {
      return new Decision.NoCredential(
          "a token is needed: send the header 'authorization: Bearer TOKEN'");
    }
    if (!authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
      return new Decision.NoCredential("the header 'authorization' must be 'Bearer' and a token");
    }
    Optional<Token> token = known.find(authorization.substring(BEARER.length()).strip());
    if (token.isEmpty()) {
      return new Decision.NoCredential(UNKNOWN);
    }
    if (rule == null) {
      return unlisted();
    }
    if (!rule.scope().isIn(token.get().scopes())) {
      return new Decision.NotAllowed(
          "the token '%s' has not the scope '%s' that this call needs"
              .formatted(token.get().name(), rule.scope()));
    }
    return new Decision.Allowed(Grant.of(token.get()));
  }

  private static Decision unlisted() {
    return new Decision.NotAllowed("nobody may make this call");
  }
}
