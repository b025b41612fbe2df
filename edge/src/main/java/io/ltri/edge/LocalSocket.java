package io.ltri.edge;

import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * gRPC over a Unix socket, for two services on one machine: less of the processor than TCP, and the
 * file's permissions keep other users out. On Linux.
 */
public final class LocalSocket {

  /** Of a socket's path, what the system takes. */
  private static final int LONGEST_PATH = 107;

  private static final class Loops {
    static final EventLoopGroup ALL =
        new MultiThreadIoEventLoopGroup(
            0, new DefaultThreadFactory("socket", true), EpollIoHandler.newFactory());
  }

  private LocalSocket() {}

  /** Whether this machine can do it, at that path. */
  public static boolean works(Path socket) {
    return Epoll.isAvailable()
        && socket.toString().getBytes(StandardCharsets.UTF_8).length <= LONGEST_PATH;
  }

  public static NettyServerBuilder server(Path socket) {
    return NettyServerBuilder.forAddress(new DomainSocketAddress(socket.toFile()))
        .channelType(EpollServerDomainSocketChannel.class)
        .bossEventLoopGroup(Loops.ALL)
        .workerEventLoopGroup(Loops.ALL)
        // Such sockets do not know this, and say so for each connection.
        .withChildOption(ChannelOption.SO_KEEPALIVE, null);
  }

  public static NettyChannelBuilder channel(Path socket) {
    return NettyChannelBuilder.forAddress(new DomainSocketAddress(socket.toFile()))
        .channelType(EpollDomainSocketChannel.class, DomainSocketAddress.class)
        .eventLoopGroup(Loops.ALL)
        .withOption(ChannelOption.SO_KEEPALIVE, null)
        .overrideAuthority("localhost");
  }
}
