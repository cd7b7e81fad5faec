package dev.cutover.cli.demo;

import dev.cutover.cli.step.Waiting;
import dev.cutover.sandbox.JavaProcess;
import dev.cutover.sandbox.SandboxException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The processes of a demo: two instances of the coupon service and one worker. Owned by one thread. */
final class DemoService implements AutoCloseable {
    private static final String SERVICE_MAIN = "dev.cutover.coupon.CouponServiceMain";
    private static final String WORKER_MAIN = "dev.cutover.cli.CutoverMain";
    private static final String READY = "coupon-service ready on ";
    // Elsewhere they have machines of their own. Here their threads would starve the one that reads the stream.
    private static final int SERVICE_NICENESS = 5;
    private static final Duration START = Duration.ofSeconds(60);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(100);

    private final List<JavaProcess> children = new ArrayList<>();
    private final List<URI> instances = new ArrayList<>();

    private DemoService() {}

    static DemoService start(Path folder, Path plan, String redis) {
        DemoService service = new DemoService();
        try {
            String classPath = serviceClassPath();
            List<JavaProcess> coupons = new ArrayList<>();
            for (int number = 1; number <= 2; number++) {
                Map<String, String> environment = new TreeMap<>();
                environment.put("CUTOVER_CONFIG", plan.toString());
                environment.put("COUPON_PORT", "0");
                environment.put("COUPON_INSTANCE", "coupon-service-" + number);
                environment.put("COUPON_WRITE_BUDGET", "5s");
                environment.put("REDIS_URI", redis);
                coupons.add(service.child(JavaProcess.named("coupon-service-" + number, folder, SERVICE_MAIN)
                        .withClassPath(classPath)
                        .withEnvironment(environment)
                        .withNiceness(SERVICE_NICENESS)
                        .start()));
            }
            service.child(JavaProcess.named("worker", folder, WORKER_MAIN, "worker", "--file", plan.toString())
                    .withEnvironment(
                            Map.of("XDG_STATE_HOME", folder.resolve("state").toString()))
                    .start());
            for (JavaProcess coupon : coupons) {
                service.instances.add(address(coupon));
            }
            return service;
        } catch (DemoFailedException e) {
            service.close();
            throw e;
        } catch (SandboxException e) {
            service.close();
            throw new DemoFailedException(String.valueOf(e.getMessage()), e);
        }
    }

    private JavaProcess child(JavaProcess child) {
        children.add(child);
        return child;
    }

    private static URI address(JavaProcess coupon) {
        boolean ready =
                Waiting.until(START, LOOK_AGAIN, () -> coupon.line(READY).isPresent() || !coupon.alive());
        String line = coupon.line(READY)
                .orElseThrow(() -> new DemoFailedException(
                        "The coupon service did not start" + (ready ? "" : " in time") + ":\n" + coupon.lastWords(),
                        null));
        return URI.create(line.substring(READY.length()).strip());
    }

    /** Addresses of the instances. */
    List<URI> instances() {
        return List.copyOf(instances);
    }

    /** Throws when one of the processes has ended by itself. */
    void requireAlive() {
        for (JavaProcess child : children) {
            if (!child.alive()) {
                throw new DemoFailedException("A process of the demo has ended:\n" + child.lastWords(), null);
            }
        }
    }

    // In a source tree and in the distribution the launcher says where the service lies; in tests it is on the class
    // path.
    private static String serviceClassPath() {
        if (DemoService.class.getClassLoader().getResource(SERVICE_MAIN.replace('.', '/') + ".class") != null) {
            return System.getProperty("java.class.path");
        }
        String home = System.getenv("CUTOVER_HOME");
        if (home == null || home.isBlank()) {
            throw new DemoFailedException(
                    "The demo does not know where the coupon service lies: start it as  ./cutover demo", null);
        }
        Path target = Path.of(home, "coupon-service", "target");
        try (Stream<Path> files = Files.list(target)) {
            String jar = files.map(Path::toString)
                    .filter(name -> name.matches(".*coupon-service-[^/]*\\.jar"))
                    .filter(name -> !name.matches(".*-(sources|javadoc|tests)\\.jar"))
                    .findFirst()
                    .orElseThrow(() -> new DemoFailedException("There is no coupon-service jar in " + target, null));
            return jar + ":" + target.resolve("lib") + "/*";
        } catch (IOException e) {
            throw new DemoFailedException("The coupon service is not built: " + target, e);
        }
    }

    @Override
    public void close() {
        for (int i = children.size() - 1; i >= 0; i--) {
            children.get(i).close();
        }
    }
}
