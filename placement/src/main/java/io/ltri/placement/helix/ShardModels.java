package io.ltri.placement.helix;

import io.ltri.placement.ShardHost;
import java.time.Duration;
import org.apache.helix.NotificationContext;
import org.apache.helix.model.Message;
import org.apache.helix.participant.statemachine.StateModel;
import org.apache.helix.participant.statemachine.StateModelFactory;
import org.apache.helix.participant.statemachine.StateModelInfo;
import org.apache.helix.participant.statemachine.Transition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Hands a node's shards to its host, as the controller gives and takes them. */
final class ShardModels extends StateModelFactory<StateModel> {

  private static final Logger LOG = LoggerFactory.getLogger(ShardModels.class);
  private static final Duration FIRST_WAIT = Duration.ofMillis(500);
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);

  private final ShardHost host;
  private volatile boolean closed;

  ShardModels(ShardHost host) {
    this.host = host;
  }

  @Override
  public StateModel createNewStateModel(String resource, String partition) {
    return new ShardModel(HelixCluster.shard(partition));
  }

  /** Loadings that fail are not tried again from here on. */
  void close() {
    closed = true;
  }

  /** One shard on this node. Public, for Helix calls it by reflection. */
  @StateModelInfo(
      initialState = HelixCluster.OFFLINE,
      states = {HelixCluster.ONLINE, HelixCluster.OFFLINE})
  public final class ShardModel extends StateModel {

    private final int shard;

    ShardModel(int shard) {
      this.shard = shard;
    }

    /**
     * Comes back when the shard is loaded. The node stays without it as long as that fails; others
     * serve it meanwhile.
     */
    @Transition(from = HelixCluster.OFFLINE, to = HelixCluster.ONLINE)
    public void load(Message message, NotificationContext context) throws Exception {
      Duration wait = FIRST_WAIT;
      while (true) {
        try {
          host.load(shard);
          return;
        } catch (InterruptedException e) {
          throw e;
        } catch (Exception e) {
          if (closed) {
            throw e;
          }
          LOG.warn("shard {} can not be loaded, it is tried again: {}", shard, e.toString());
          Thread.sleep(wait);
          wait =
              wait.multipliedBy(2).compareTo(LONGEST_WAIT) < 0
                  ? wait.multipliedBy(2)
                  : LONGEST_WAIT;
        }
      }
    }

    @Transition(from = HelixCluster.ONLINE, to = HelixCluster.OFFLINE)
    public void unload(Message message, NotificationContext context) {
      host.drop(shard);
    }

    /** In clusters that were made before there was this step, the two others come in turn. */
    @Transition(from = HelixCluster.ONLINE, to = HelixCluster.DROPPED)
    public void giveUp(Message message, NotificationContext context) {
      host.drop(shard);
    }

    @Transition(from = HelixCluster.OFFLINE, to = HelixCluster.DROPPED)
    public void forget(Message message, NotificationContext context) {
      // It was dropped when it went offline.
    }

    /** The session was lost: others have been given the shard meanwhile. */
    @Override
    public void reset() {
      host.drop(shard);
    }
  }
}
