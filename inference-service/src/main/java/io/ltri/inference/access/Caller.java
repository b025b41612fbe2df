package io.ltri.inference.access;

import io.grpc.Context;
import io.ltri.edge.access.Grant;
import io.ltri.edge.access.Scope;
import io.ltri.edge.access.Token;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who makes the request at hand. Every face puts it into the gRPC context of the thread that serves
 * the request, HTTP also into a request attribute; work that is handed to another thread takes it
 * along with {@code Context.current().wrap(task)}.
 *
 * @param name of the credential, for logs
 * @param tenant whose documents it sees; null: everybody's, and it may name any tenant
 * @param scopes what it may do
 */
public record Caller(String name, @Nullable String tenant, Set<Scope> scopes) {

  /** Where a thread's caller is. */
  public static final Context.Key<Caller> KEY = Context.key("ltri-caller");

  /** The name of the HTTP request attribute. */
  public static final String ATTRIBUTE = "io.ltri.inference.access.Caller";

  /** Whoever can reach a service that asks for no credentials. */
  public static final Caller LOCAL = new Caller("local", null, EnumSet.allOf(Scope.class));

  public Caller {
    scopes = Set.copyOf(scopes);
  }

  /** Who was granted this. */
  public static Caller of(Grant grant) {
    String tenant = grant.tenant();
    return new Caller(
        grant.name(), tenant.equals(Token.ANY_TENANT) ? null : tenant, grant.scopes());
  }

  /**
   * @throws AccessException if this thread serves no request, or the face did not say whose: nobody
   *     is taken for somebody
   */
  public static Caller current() {
    Caller caller = KEY.get();
    if (caller == null) {
      throw new AccessException(
          AccessException.Reason.NO_CREDENTIAL, "it is not known who makes this request");
    }
    return caller;
  }

  /**
   * The tenant on whose behalf a request works.
   *
   * @param named in the request; empty: the caller's own
   * @throws AccessException if it is another than the caller's
   */
  public String tenantFor(String named) {
    if (tenant == null) {
      return named;
    }
    if (!named.isEmpty() && !named.equals(tenant)) {
      throw new AccessException(
          AccessException.Reason.NOT_ALLOWED,
          "the request names a tenant that is not its token's: leave the tenant out");
    }
    return tenant;
  }

  /** Whether documents of this tenant exist for the caller. */
  public boolean sees(String owner) {
    return tenant == null || tenant.equals(owner);
  }

  public boolean may(Scope scope) {
    return scope.isIn(scopes);
  }
}
