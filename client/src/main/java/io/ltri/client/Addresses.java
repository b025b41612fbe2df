package io.ltri.client;

import io.grpc.Attributes;
import io.grpc.EquivalentAddressGroup;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import io.grpc.NameResolverRegistry;
import io.grpc.Status;
import io.grpc.StatusOr;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/** Several services that do the same, as one gRPC target: {@code ltri:///host:port,host:port}. */
final class Addresses extends NameResolverProvider {
  private static final String SCHEME = "ltri";

  static {
    NameResolverRegistry.getDefaultRegistry().register(new Addresses());
  }

  private Addresses() {}

  /**
   * @param addresses host:port each
   */
  static String target(List<String> addresses) {
    return SCHEME + ":///" + String.join(",", addresses);
  }

  /**
   * What {@code HOST:PORT,HOST:PORT} names.
   *
   * @throws LtriException if it is none
   */
  static List<String> parse(String list) {
    List<String> addresses = new ArrayList<>();
    for (String each : list.split(",", -1)) {
      String address = each.strip();
      int colon = address.lastIndexOf(':');
      int port = -1;
      try {
        port = Integer.parseInt(address.substring(colon + 1));
      } catch (NumberFormatException e) {
        // Reported below with the address that holds it.
      }
      if (colon < 1 || port < 1 || port > 65535) {
        throw new LtriException(
            Status.Code.INVALID_ARGUMENT,
            "'"
                + address
                + "' is not an address: HOST:PORT, or several of them with commas between",
            null);
      }
      addresses.add(address);
    }
    return List.copyOf(addresses);
  }

  static String host(String address) {
    return address.substring(0, address.lastIndexOf(':'));
  }

  static int port(String address) {
    return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
  }

  @Override
  public NameResolver newNameResolver(URI target, NameResolver.Args args) {
    return new Fixed(parse(target.getPath().substring(1)));
  }

  @Override
  public String getDefaultScheme() {
    return SCHEME;
  }

  @Override
  public Collection<Class<? extends SocketAddress>> getProducedSocketAddressTypes() {
    return Set.of(InetSocketAddress.class);
  }

  @Override
  protected boolean isAvailable() {
    return true;
  }

  /** Below the usual ones: it is asked for its own scheme only. */
  @Override
  protected int priority() {
    return 4;
  }

  private static final class Fixed extends NameResolver {
    private final List<String> addresses;
    private Listener2 listener =
        new Listener2() {
          @Override
          public void onResult(ResolutionResult result) {}

          @Override
          public void onError(Status error) {}
        };

    Fixed(List<String> addresses) {
      this.addresses = addresses;
    }

    @Override
    public String getServiceAuthority() {
      return addresses.getFirst();
    }

    @Override
    public void start(Listener2 to) {
      listener = to;
      refresh();
    }

    /** Host names are looked up again, for a service may have come back elsewhere. */
    @Override
    public void refresh() {
      Listener2 to = listener;
      Thread.ofVirtual()
          .name("ltri-addresses")
          .start(
              () ->
                  to.onResult(
                      ResolutionResult.newBuilder()
                          .setAddressesOrError(
                              StatusOr.fromValue(addresses.stream().map(Fixed::group).toList()))
                          .build()));
    }

    private static EquivalentAddressGroup group(String address) {
      return new EquivalentAddressGroup(
          new InetSocketAddress(host(address), port(address)),
          // A certificate is that of the host behind it.
          Attributes.newBuilder()
              .set(EquivalentAddressGroup.ATTR_AUTHORITY_OVERRIDE, address)
              .build());
    }

    @Override
    public void shutdown() {}
  }
}
