package dev.cutover.core.stage;

import org.flywaydb.core.api.logging.Log;
import org.flywaydb.core.api.logging.LogCreator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Lets Flyway's warnings and errors through and keeps its narration at debug. Public because Flyway makes it by name. */
public final class QuietFlywayLog implements LogCreator {
    @Override
    public Log createLogger(Class<?> owner) {
        return new Quiet(LoggerFactory.getLogger(owner));
    }

    private record Quiet(Logger log) implements Log {
        @Override
        public boolean isDebugEnabled() {
            return log.isDebugEnabled();
        }

        @Override
        public void debug(String message) {
            log.debug("{}", message);
        }

        @Override
        public void info(String message) {
            log.debug("{}", message);
        }

        @Override
        public void warn(String message) {
            log.warn("{}", message);
        }

        @Override
        public void error(String message) {
            log.error("{}", message);
        }

        @Override
        public void error(String message, @Nullable Exception failure) {
            log.error("{}", message, failure);
        }

        @Override
        public void notice(String message) {
            log.debug("{}", message);
        }
    }
}
