package dev.cutover.business;

import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CountDownLatch;

/** Runs one instance until the process is told to end; configured by the environment alone. */
public final class BusinessServiceMain {
    private static final Duration UNHEARD = Duration.ofHours(1);

    private BusinessServiceMain() {}

    public static void main(String[] arguments) throws InterruptedException {
        CountDownLatch ended = new CountDownLatch(1);
        try {
            BusinessService service =
                    BusinessService.start(BusinessSettings.read(System.getenv()), InstantSource.system(), UNHEARD);
            Runtime.getRuntime()
                    .addShutdownHook(new Thread(
                            () -> {
                                service.close();
                                ended.countDown();
                            },
                            "business-shutdown"));
            System.out.println("business ready on http://127.0.0.1:" + service.port());
            System.out.flush();
            ended.await();
        } catch (IllegalArgumentException e) {
            // No stack: the message says what to do, and it is for whoever started the process.
            System.err.println("business: " + e.getMessage());
            System.exit(2);
        }
    }
}
